"""Services that the envs of a project share, on real processes and containers."""
