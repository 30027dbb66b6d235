"""Coding-agent programs: how each is started, read and spoken to."""
