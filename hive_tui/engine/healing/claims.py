"""What an agent says of its own result: of the model, since the dashboard reads it too."""

from __future__ import annotations

from hive_tui.model.claims import Claim as Claim
from hive_tui.model.claims import claim as claim
from hive_tui.model.claims import differs as differs
