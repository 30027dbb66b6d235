"""The sample project of `hive demo`: its files, and what its environments are meant to show."""
