"""The generator as files that run elsewhere. It reads the run directory, and knows nothing of training."""
