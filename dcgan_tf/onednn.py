"""oneDNN: TensorFlow's faster operations for CPUs, which round differently from its own ones."""

from __future__ import annotations

import os
import platform
import sys

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
"""The environment variable that switches it on (1) or off (0), before TensorFlow is imported."""


def settle_onednn(*, on: bool = True) -> None:
    """Switch oneDNN on, or off, unless the environment says which.

    TensorFlow has it off on x86 processors without VNNI, bfloat16 or AMX instructions, although it is faster
    there too: docs/speed.md has the figures. It stays as it is on Windows and on other processors, where this
    was not measured.
    """
    if sys.platform != "win32" and platform.machine() in ("x86_64", "AMD64"):
        os.environ.setdefault(VARIABLE, "1" if on else "0")


def uses_onednn() -> bool | None:
    """Return whether TensorFlow uses oneDNN in this process, or None if it does not tell."""
    try:
        from tensorflow.python.util import _pywrap_util_port

        return bool(_pywrap_util_port.IsMklEnabled())
    except (ImportError, AttributeError):  # it is no part of TensorFlow's interface
        return None
