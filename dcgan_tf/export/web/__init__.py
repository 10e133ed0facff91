"""The web page that draws without a server. Its parts are in `assets/`; `kernel.c` is its generator."""
