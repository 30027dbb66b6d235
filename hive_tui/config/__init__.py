"""hive.toml: parse, validate, expand. Reads files and nothing else of the world."""
