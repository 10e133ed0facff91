"""Write and read model.keras, which consists of Keras' own layers, so that Keras alone can load it."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras

from dcgan_tf.errors import ExportError, first_line, stop_behind
from dcgan_tf.export.formats.zip_file import open_zip, read_member
from dcgan_tf.export.record import parsed
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import StepDropout, SyncBatchNormalization

KNOWN = {
    "keras": ("DTypePolicy", "Sequential"),
    "keras.initializers": ("GlorotUniform", "Ones", "RandomNormal", "Zeros"),
    "keras.layers": (
        *("Activation", "BatchNormalization", "Conv2DTranspose", "Dense", "Dropout", "InputLayer"),
        *("LeakyReLU", "ReLU", "Reshape"),
    ),
}
"""The classes of Keras that a generator consists of, by module; none has code of its own."""


@own_settings()
def write(path: Path, generator: keras.Sequential) -> None:
    """Write a generator as a .keras file.

    The training layers of this package are replaced by their forms in inference: Keras' batch normalisation,
    and Keras' dropout, which does nothing. Constraints are left out.

    Args:
        path: the file, which ends in .keras.
        generator: takes latents and returns images in [-1, 1].
    """
    plain = keras.models.clone_model(generator, clone_function=_plain)
    for layer in plain.layers:
        layer.set_weights(_inference_weights(generator.get_layer(layer.name)))
    with warnings.catch_warnings():
        # Keras' own, about NumPy 2, that only Keras can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        plain.save(path)


def read(path: Path) -> keras.Sequential:
    """Read a file that `write` wrote.

    The file names the classes from which Keras makes the network. They are compared with those of a generator
    before Keras reads the file.

    Args:
        path: ends in .keras.

    Raises:
        ExportError: if it is damaged, or has any other class.
    """
    with open_zip(path) as archive:
        # Keras stores its members as they are; compressed ones can be a thousand times as large as the file.
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ExportError(f"cannot read {path}: it was not exported by dcgan-tf (it is compressed)")
        config = parsed(read_member(archive, "config.json"), source=f"config.json in {path}")
        if unknown := sorted(_classes(config) - _known()):
            raise ExportError(
                f"cannot read {path}: it contains something that no export of dcgan-tf contains (class: "
                f"{', '.join(unknown[:8])}), which could do anything; it is not loaded"
            )
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras' and h5py's own, of every kind, for nothing of ours runs in there
        if stop := stop_behind(error):
            raise stop from None
        raise ExportError(f"cannot read {path}: {first_line(error)}") from None
    if not isinstance(model, keras.Sequential):
        raise ExportError(f"cannot read {path}: expected a Sequential, found {type(model).__name__}")
    return model


def _known() -> set[str]:
    return {f"{module}.{name}" for module, names in KNOWN.items() for name in names}


def _classes(value: Any) -> set[str]:
    """Return every class that a configuration names, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = set().union(*map(_classes, inner))
    if isinstance(value, dict) and ({"class_name", "registered_name"} & value.keys()):
        # A registered name comes first, but where it is of none, Keras takes the class all the same.
        found.add(f"{value.get('module')}.{value.get('class_name')}")
        if registered := value.get("registered_name"):
            found.add(f"registered {registered}")
    return found


def _plain(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, SyncBatchNormalization):
        return keras.layers.BatchNormalization.from_config({**layer.get_config(), "synchronized": False})
    if isinstance(layer, StepDropout):
        return keras.layers.Dropout(layer.rate, name=layer.name)
    unconstrained = {"kernel_constraint": None} if hasattr(layer, "kernel_constraint") else {}
    return type(layer).from_config({**layer.get_config(), **unconstrained})


def _inference_weights(layer: keras.Layer) -> list[object]:
    """Return the weights without the counters that only training uses."""
    return [] if isinstance(layer, StepDropout) else list(layer.get_weights())
