"""The page that draws by itself: its parts are in `assets/`; `kernel.c` there is its generator."""
