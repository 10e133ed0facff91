"""Images of any source as one `ImageSet`: uint8 [N, H, W, C] with labels and attributes.

`load_data` reads portraits, digits, datasets by name (tfds, hf) or a folder. A new source is a module that
returns an `ImageSet`, and a line in `load.py`. Batches are functions of (seed, step). Nothing here may keep a
state of its own: a resumed run would then differ from one that was never stopped.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
