"""Training: everything between a configuration and a run directory full of results."""
