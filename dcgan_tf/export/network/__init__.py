"""The trained generator as plain arithmetic: batch norm folded in, transposed convolutions rewritten."""
