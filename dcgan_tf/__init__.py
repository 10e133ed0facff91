"""Train, understand and ship DCGANs in TensorFlow and Keras.

The public names are loaded when they are first used: importing the package does not import TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dcgan_tf.config import Config as Config
    from dcgan_tf.config import DataConfig as DataConfig
    from dcgan_tf.config import ModelConfig as ModelConfig
    from dcgan_tf.config import RunConfig as RunConfig
    from dcgan_tf.config import TrainingConfig as TrainingConfig
    from dcgan_tf.config import preset as preset
    from dcgan_tf.data import load as load_data
    from dcgan_tf.data import ImageSet as ImageSet
    from dcgan_tf.errors import ArgumentError as ArgumentError
    from dcgan_tf.errors import DataError as DataError
    from dcgan_tf.errors import DcganError as DcganError
    from dcgan_tf.errors import ExportError as ExportError
    from dcgan_tf.errors import OutOfMemoryError as OutOfMemoryError
    from dcgan_tf.errors import RunError as RunError
    from dcgan_tf.errors import StorageError as StorageError
    from dcgan_tf.export import Exported as Exported
    from dcgan_tf.export import export_run as export_run
    from dcgan_tf.export import verify_export as verify_export
    from dcgan_tf.runs import Run as Run
    from dcgan_tf.training import Hook as Hook
    from dcgan_tf.training import Moment as Moment
    from dcgan_tf.training import Interrupted as Interrupted
    from dcgan_tf.training import train as train

__version__ = "0.1.0"

_PLACES = {
    "ArgumentError": "errors",
    "DataError": "errors",
    "DcganError": "errors",
    "OutOfMemoryError": "errors",
    "StorageError": "errors",
    "Config": "config",
    "DataConfig": "config",
    "ModelConfig": "config",
    "TrainingConfig": "config",
    "RunConfig": "config",
    "preset": "config",
    "ExportError": "errors",
    "Exported": "export.exported",
    "Hook": "training.hooks",
    "ImageSet": "data.image_set",
    "Moment": "training.hooks",
    "Run": "runs.load",
    "RunError": "errors",
    "Interrupted": "training.interrupt",
    "export_run": "export.exporting",
    "train": "training.loop",
    "verify_export": "export.verification",
}

__all__ = [
    "ArgumentError",
    "Config",
    "DataConfig",
    "DataError",
    "DcganError",
    "ExportError",
    "Exported",
    "Hook",
    "ImageSet",
    "Interrupted",
    "ModelConfig",
    "Moment",
    "OutOfMemoryError",
    "Run",
    "RunConfig",
    "RunError",
    "StorageError",
    "TrainingConfig",
    "export_run",
    "load_data",
    "preset",
    "train",
    "verify_export",
]


def __getattr__(name: str) -> Any:
    if name == "load_data":
        return importlib.import_module("dcgan_tf.data").load
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _PLACES[name] not in ("config", "errors"):
        importlib.import_module("dcgan_tf.keras_settings").settle_backend()
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
