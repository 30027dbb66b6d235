"""hive: a control center in the terminal for engineers who run many coding agents at once."""

__version__ = "0.1.0"
