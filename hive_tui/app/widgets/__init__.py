"""Pieces of screens. They hold values and post messages; they never call the daemon."""
