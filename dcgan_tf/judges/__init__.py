"""Networks that judge pictures: what a picture shows, and whether it is two pictures laid over each other.

A `Classifier` is trained on the run's own labelled images and cached beside them. Its accuracy on images
that it never saw belongs to every number that rests on it.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
