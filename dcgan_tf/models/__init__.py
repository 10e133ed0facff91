"""The two networks: a generator G(z) and a discriminator D(x), both Keras `Sequential`.

`build_generator` and `build_discriminator` make what a `Config` asks for. `dcgan.py` is the paper's
architecture, `gan.py` the fully connected one beside it. A new architecture is a module with these two
functions, and a line in `build.py`. D ends in a sigmoid; losses start from `logits_of(D)`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
