"""`python -m hive_tui` is the `hive` command."""

from __future__ import annotations

import sys

from hive_tui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
