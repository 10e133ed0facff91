"""The run directory: its files, its checkpoints, and a trained run opened for reading."""
