"""Use TensorFlow and Keras with this library's own settings, and leave those of the process as they are.

Keras is imported when it is needed, not before, so that its backend can still be chosen.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import DcganError

_FLOAT = "float32"
"""The type of layers that are given none; tests of exact equality use float64."""
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""The environment variable that switches oneDNN on (1) or off (0), before TensorFlow is imported."""


def settle_backend() -> None:
    """Make Keras run on TensorFlow, whatever KERAS_BACKEND and keras.json say, if it is still possible.

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
            "imported, and restart the process"
        )


def settle_onednn(*, on: bool = True) -> None:
    """Switch oneDNN, TensorFlow's faster operations for CPUs, on or off, unless the environment says which.

    TensorFlow has it off on x86 processors without VNNI, bfloat16 or AMX instructions, although it is faster
    there too: docs/performance.md has the figures. It stays as it is on other systems than Linux and on other
    processors, where this was not measured.

    Args:
        on: whether it is to be on.
    """
    if sys.platform == "linux" and platform.machine() == "x86_64":
        os.environ.setdefault(ONEDNN, "1" if on else "0")


def uses_onednn() -> bool | None:
    """Return whether TensorFlow uses oneDNN in this process, or None if it does not tell."""
    try:
        from tensorflow.python.util import _pywrap_util_port

        return bool(_pywrap_util_port.IsMklEnabled())
    except (ImportError, AttributeError):  # it is no part of TensorFlow's interface
        return None


@contextmanager
def own_settings() -> Iterator[None]:
    """Build layers, models and optimizers with this library's settings; usable as a decorator too.

    A layer takes types and the order of axes from settings of the process, unless they are given: from a
    notebook's mixed precision, float16 or channels_first, or from keras.json. With those, the same run would
    draw other pictures. The block uses fixed settings, and restores the others at its end.

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
    """Check keras.json, which Keras would reject with a traceback when it is imported."""
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
    raise DcganError(
        f"Keras cannot be used with its settings in {path}: {problem}; correct or remove that file"
    )


def _set(floatx: str, image_data_format: str, policy: object) -> None:
    import keras

    keras.config.set_floatx(floatx)
    keras.config.set_image_data_format(image_data_format)
    keras.config.set_dtype_policy(policy)
