"""Write and read the exported files; each is checked before anything in it runs."""
