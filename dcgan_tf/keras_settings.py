"""What this library needs of Keras, whose settings belong to the whole process and so to somebody else.

Keras is imported when it is needed, not before, so that its backend can still be chosen.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import DcganError

_FLOAT = "float32"
"""What layers hand on and count in, unless they are given a type; tests of exact equality take float64."""


def settle_backend() -> None:
    """Have Keras run on TensorFlow, whatever KERAS_BACKEND and keras.json say, if that can still be chosen.

    Raises:
        DcganError: if Keras is in use already, on another backend, or cannot be imported with its keras.json.
    """
    if "keras" not in sys.modules:
        _check_keras_json()
        os.environ["KERAS_BACKEND"] = "tensorflow"
        return
    import keras

    if keras.config.backend() != "tensorflow":
        raise DcganError(
            "dcgan_tf needs Keras on TensorFlow, and in this process Keras was imported on "
            f"{keras.config.backend()}; set the environment variable KERAS_BACKEND=tensorflow before it is "
            "imported, and start the process anew"
        )


@contextmanager
def own_settings() -> Iterator[None]:
    """Build layers, models and optimizers as this library means them; also a decorator.

    Types and the order of axes that a layer is not given come from settings of the process: a notebook's
    mixed precision, its float16, its channels_first, a keras.json. Under them the same run would draw other
    pictures. They are set aside for the block, and put back.

    Raises:
        DcganError: if Keras runs on another backend than TensorFlow.
    """
    settle_backend()
    import keras

    config = keras.config
    before = config.floatx(), config.image_data_format(), config.dtype_policy()
    try:
        _set(_FLOAT, "channels_last", _FLOAT)
        yield
    finally:
        _set(*before)


def _check_keras_json() -> None:
    """Say in a sentence what Keras would say in a traceback, when it is imported, of its own settings."""
    path = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"
    if not os.access(path, os.F_OK):
        return
    try:
        settings = json.loads(path.read_text())
    except ValueError:  # which Keras passes over too
        return
    except OSError as error:
        raise DcganError(f"Keras cannot read its settings {path}: {error.strerror}") from None
    expected: dict[str, tuple[str, ...]] = {
        "floatx": ("float16", "float32", "float64"),
        "image_data_format": ("channels_last", "channels_first"),
    }
    if not isinstance(settings, dict):
        problem = "expected an object"
    elif wrong := [name for name, values in expected.items() if settings.get(name, values[0]) not in values]:
        problem = f"{wrong[0]} must be one of {', '.join(expected[wrong[0]])}"
    elif not isinstance(settings.get("epsilon", 1e-7), float):
        problem = "epsilon must be a number such as 1e-07"
    else:
        return
    raise DcganError(f"Keras cannot be used with its settings in {path}: {problem}; mend or remove that file")


def _set(floatx: str, image_data_format: str, policy: object) -> None:
    import keras

    keras.config.set_floatx(floatx)
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_dtype_policy(policy)
