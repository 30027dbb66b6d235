"""The one way to talk to the daemon, for commands and for the dashboard."""
