"""Compare runs side by side: samples, losses, and grades with their spread over seeds."""
