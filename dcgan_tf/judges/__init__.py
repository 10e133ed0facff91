"""Networks that judge what a picture shows, and whether it is two pictures laid over each other.

A `Classifier` is trained on the run's own labelled images and cached beside them. Every number that depends
on it is shown with its accuracy on images that it never saw.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
