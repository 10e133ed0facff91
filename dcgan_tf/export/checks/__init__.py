"""What an export must pass: the difference from the run's own pictures, operators, latency."""
