"""The files: each is written, opened again by its own runtime, and checked before anything in it runs."""
