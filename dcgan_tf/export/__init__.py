"""From a run to files that draw elsewhere: SavedModel, LiteRT, Keras, and a web page.

`export_run` writes them aside, opens each with its own runtime, compares what it draws with the run, and
only then puts them in place. `network/` turns the generator into plain arithmetic, `formats/` and `web/`
write it, `checks/` compare. The bounds are in `checks/verification.py`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
