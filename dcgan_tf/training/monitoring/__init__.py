"""What watches a run while it trains: hooks, the figures of the steps, TensorBoard and the terminal."""
