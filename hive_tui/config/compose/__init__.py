"""Services of an existing compose file, in hive.toml's own terms."""
