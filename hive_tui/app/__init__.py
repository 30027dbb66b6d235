"""The Textual dashboard. Knows the client and the model, nothing else."""
