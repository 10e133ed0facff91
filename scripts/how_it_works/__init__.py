"""The figures of docs/how-it-works.md, each concept in a file of its own; drawn by draw_how_it_works.py."""
