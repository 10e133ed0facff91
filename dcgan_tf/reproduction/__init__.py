"""Reproduce tables of the paper, from the training to the number.

Each module is one table. It trains, draws and measures with the library's own functions, and adds only
what the paper's protocol asks for.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
