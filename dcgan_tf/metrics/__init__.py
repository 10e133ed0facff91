"""Metrics of how alike two sets of pictures are. They take arrays only: no run, no network, no file.

Each module is one measure and cites its paper. Features are float [N, D]; pictures are uint8 [N, H, W,
C]. A new measure is a module here, and a line in `evaluation/scores.py`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
