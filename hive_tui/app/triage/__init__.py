"""What needs a person: found in the envs, ordered by what it costs to wait, put off or answered."""
