"""Rewrite the generator as plain arithmetic, without batch norm and transposed convolutions."""
