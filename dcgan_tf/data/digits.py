"""The 1,797 handwritten digits that come with scikit-learn: real images of 8x8 pixels, without a download."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image

from dcgan_tf.config import DataConfig
from dcgan_tf.data.decoding.crop_and_pad import fit_image
from dcgan_tf.data.fingerprints import pixel_fingerprint
from dcgan_tf.data.image_set import ImageSet, MissingSplitError

SPLITS = {"train": 1501, "test": 296, "all": 1797}
_HOLD_OUT_EVERY = 6


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return the digits, enlarged smoothly to the configured size.

    Args:
        config: size, channels and fit are used.
        split: "train" (1,501 images), "test" (296: every sixth image of each digit, in scikit-learn's order,
            so that the split is the same everywhere and holds all digits alike), or "all".

    Returns:
        uint8 [N, H, W, C] in [0, 255], in memory; white ink on black. Labels are the digits.

    Raises:
        MissingSplitError: for another split.
    """
    if split not in SPLITS:
        raise MissingSplitError(f"split of digits must be one of {', '.join(SPLITS)}, received {split!r}")
    pixels, labels = _originals()
    chosen = np.flatnonzero(_in_split(labels, split))
    images = np.stack([_resized(pixels[index], config) for index in chosen])
    return ImageSet(
        name="digits",
        images=images,
        labels=labels[chosen].astype(np.int64),
        label_names=tuple("0123456789"),
        fingerprint=pixel_fingerprint(images),
    )


@functools.cache
def _originals() -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 [N, 8, 8] in [0, 255], and the labels.

    They are kept, because scikit-learn reads them from a packed text, which takes longer than all the rest.
    """
    from sklearn.datasets import load_digits  # takes about a second to import

    pixels, labels = load_digits(return_X_y=True)
    return np.round(pixels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8), labels


def _in_split(labels: np.ndarray, split: str) -> np.ndarray:
    """Return bool [N]: whether each image belongs to the split."""
    if split == "all":
        return np.ones(len(labels), bool)
    held_out = np.zeros(len(labels), bool)
    for digit in range(10):
        held_out[np.flatnonzero(labels == digit)[_HOLD_OUT_EVERY - 1 :: _HOLD_OUT_EVERY]] = True
    return held_out if split == "test" else ~held_out


def _resized(digit: np.ndarray, config: DataConfig) -> np.ndarray:
    """Resize one digit, uint8 [8, 8], to uint8 [H, W, C]."""
    image = Image.fromarray(digit)
    return fit_image(image, image_size=config.image_size, channels=config.channels, fit=config.fit)
