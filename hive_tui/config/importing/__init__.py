"""Writes a first hive.toml for a repository, out of the files that other tools have in it."""
