"""The run directory: its files and records, its checkpoints, and a trained `Run` opened for reading.

It is the only link between training and everything after it. Whatever is written there keeps its form:
older runs must stay readable. A new file gets its name in `folder.py` and its format in `records.py`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
