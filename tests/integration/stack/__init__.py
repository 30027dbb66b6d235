"""Many envs of a whole stack at once, on a real engine."""
