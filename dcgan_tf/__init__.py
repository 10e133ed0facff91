"""Train, understand and ship DCGANs in TensorFlow and Keras.

The public names stand in `__init__.pyi`. Each is loaded when it is first used: importing the package does not
import TensorFlow.
"""

from __future__ import annotations

import warnings
from typing import Any

import lazy_loader

__version__ = "0.1.0"

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


_RENAMED = {"Moment": "TrainingProgress"}
"""{a public name of earlier versions: today's}."""


def __getattr__(name: str) -> Any:
    if new := _RENAMED.get(name):
        warnings.warn(f"dcgan_tf.{name} is called dcgan_tf.{new} now", DeprecationWarning, stacklevel=2)
        name = new
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name != "preset" and not name.endswith(("Config", "Error")):  # these need no Keras
        from dcgan_tf.keras_settings import settle_backend

        settle_backend()
    return _attribute(name)
