"""Every setting of a run: what it is called, what it may be, and which values the presets have.

A `Config` is made once, from the command line or with `preset`, and handed to everything else. A new
setting is one field in `settings.py`; the command line, the reference and the comparison on resume are
made from it. Standard library only, so that `dcgan-tf --help` answers at once.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
