"""The checks of an export: the difference from the run's own pictures, operators, latency."""
