"""A scripted model server on loopback, for the real programs of coding agents."""
