"""The trained generators that come with the package, found by name.

In the repository they are exports in `saved_models/`. An installed package has the smallest artefact of each,
and its record: setup.cfg says which files.
"""

from __future__ import annotations

from pathlib import Path

from dcgan_tf.errors import ExportError
from dcgan_tf.export.folder import BY_DEFAULT, ExportPaths

BUNDLED = ("portraits", "mnist", "cifar10")
"""Their names."""
_PACKAGE = Path(__file__).parents[1]
_PLACES = _PACKAGE / BY_DEFAULT, _PACKAGE.parent / BY_DEFAULT
"""Where they are in an installed package, and in a clone of the repository."""


def bundled_generator(name: str) -> Path:
    """Return the .tflite file of a trained generator that comes with the package.

    `Exported.open` takes it. LiteRT draws with it, without TensorFlow.

    Args:
        name: one of BUNDLED: "portraits" (drawn portraits, 64x64, in colour), "mnist" (digits, by class) or
            "cifar10" (small photographs, by class).

    Raises:
        ExportError: if there is no generator of this name, or its file is missing.
    """
    if name not in BUNDLED:
        raise ExportError(f"expected one of {', '.join(BUNDLED)}, received {name!r}")
    files = [ExportPaths(place / name).tflite("dynamic") for place in _PLACES]
    for file in files:
        if file.is_file():
            return file
    raise ExportError(f"{files[0]} is missing; install dcgan_tf again")
