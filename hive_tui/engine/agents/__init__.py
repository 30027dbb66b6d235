"""Coding agents: what they do, what they want, what they are told. No Textual, no processes."""
