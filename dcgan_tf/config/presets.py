"""The presets: settings that belong together, with their commands, times and expected results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dcgan_tf.config.schema import replace
from dcgan_tf.config.settings import Config
from dcgan_tf.errors import ArgumentError


def default_preset() -> Config:
    """Return the networks of the paper as most people know them: 64x64, 64 filters, 4x4 kernels, Adam 2e-4.

    `dcgan-tf train`: 25 epochs of the portraits in 79 minutes on two CPU cores (computed from 105 images/s in
    bfloat16; 126 minutes from 66 images/s in float32); meant for a GPU. `dcgan-tf train --data tfds:mnist
    --image-size 32 --epochs 5`: 10 minutes; digits that are easy to read.
    """
    return Config()


def paper_preset() -> Config:
    """Return the settings of Radford et al. 2015, section 4: 5x5 kernels, z from U(-1, 1), batch 128.

    `dcgan-tf train --preset paper --data FOLDER`: this needs a GPU; two CPU cores train 18 images/s, which is
    8 hours for 25 epochs of 20,000 images. It is for comparison with the paper, not for the best pictures:
    there is no averaged generator.
    """
    return replace(
        Config(),
        filters=128,
        kernel_size=5,
        latent_distribution="uniform",
        batch_size=128,
        ema_decay=0.0,
    )


def quick_preset() -> Config:
    """Return settings for 32x32 portraits on a laptop without a GPU.

    `dcgan-tf train --preset quick`: 4 minutes on two CPU cores (1,500 images/s). Men and women, kings and
    queens, glasses and smiles at a glance; the share of each attribute is that of the data to within 3.3
    percentage points. `dcgan-tf train --preset quick --image-size 64 --epochs 25`: 22 minutes (375 images/s),
    within 4.1 points.

    It has half the filters and twice the learning rate, because the number of steps counts most on such a
    small machine. Smoothed labels slow down the discriminator, which otherwise recognises flat colours at
    once.
    """
    return replace(
        Config(),
        image_size=(32, 32),
        filters=32,
        learning_rate=4e-4,
        label_smoothing=0.1,
        epochs=18,
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "default": default_preset,
    "paper": paper_preset,
    "quick": quick_preset,
}


def preset(name: str = "default", **changes: Any) -> Config:
    """Return a preset with settings changed by their flat names: `preset("quick", data="digits", epochs=3)`.

    Raises:
        ArgumentError: for an unknown preset or setting, or a value that its setting does not allow.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise ArgumentError(
            f"preset must be one of {', '.join(PRESETS)}, or auto with dcgan_tf.choose, received {name!r}"
        )
    return replace(PRESETS[name](), **changes)
