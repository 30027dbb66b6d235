"""The sources: one module for each kind of file, each with a `read` (see `found.Source`)."""
