"""`python -m hive_tui.daemon`."""

import sys

from hive_tui.daemon.main import main

sys.exit(main())
