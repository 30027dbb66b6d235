"""The reverse proxy: a program of its own, which knows nothing of the hive but a table of names."""
