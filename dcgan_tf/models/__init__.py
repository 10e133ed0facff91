"""The two networks: a generator G(z) and a discriminator D(x), both Keras `Sequential`.

`build_generator` and `build_discriminator` build the networks of a `Config`. `dcgan.py` is the paper's
architecture, `gan.py` the fully connected baseline. A new architecture is a module with these two functions,
and a line in `build.py`. Sizes and widths are settings. D ends in a sigmoid; losses start from
`logits_of(D)`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
