"""Data of envs, saved and brought back, on real files and databases."""
