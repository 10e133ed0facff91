"""Tables of the paper, from the training to the number."""
