"""Export a run's generator as files that run elsewhere: SavedModel, LiteRT, Keras, and a web page.

`export_run` writes the files to a temporary folder, opens each with its own runtime, compares its pictures
with those of the run, and only then renames the folder. `network/` turns the generator into plain arithmetic,
`formats/` and `web/` write it, `checks/` compare. The bounds are in `checks/verification.py`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
