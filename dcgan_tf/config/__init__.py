"""All settings of a run: their names, their allowed values, and the values of the presets.

A `Config` is made once, from the command line or with `preset`, and passed to everything else. A new
setting is one field in `settings.py`; the command line, the reference and the comparison on resume are
made from it. This package needs the standard library only, so that `dcgan-tf --help` answers at once.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
