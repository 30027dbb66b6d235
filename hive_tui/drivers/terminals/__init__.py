"""Terminals that outlive daemon and dashboard: tmux, and a plain one where there is no tmux."""
