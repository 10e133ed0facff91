"""Whether pictures have the contrast of real ones at every scale: a test of being a picture at all.

A classifier, and a discriminator of little training, see what they were taught to see in grey noise as well.
This looks at nothing but how strongly levels differ between neighbours, between blocks of two, of four and so
on. Noise has it all in the finest, a blank picture in none, and a generator of few steps in the wrong ones.
It tells no well-formed face from one with a single eye.
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.images import luminance

FARTHEST, TOLERANCE = 1.0, 0.5
"""Real images' range leaves out 1 % at either end, and is widened by half a doubling to either side."""
_LEAST_SIDE = 4
_LEAST_LEVELS = 0.5  # below which a contrast is that of rounding
_AT_ONCE = 500

RULE = (
    "a picture has the contrast of real ones if at every scale, halved again and again, it lies in the range "
    f"of {100 - 2 * FARTHEST:g} % of real images, widened by a factor of {2**TOLERANCE:.1f}"
)


def contrasts(images: np.ndarray) -> np.ndarray:
    """Return the contrast of images at each scale, from the finest to that of the whole picture.

    Args:
        images: uint8 [N, H, W, C], C 1 or 3.

    Returns:
        float32 [N, scales]: base-2 logarithms, of the root mean square of what is lost when blocks of 2x2
        pixels are replaced by their mean, in levels; last, of the standard deviation of what is left.
    """
    parts = [_contrasts(images[start : start + _AT_ONCE]) for start in range(0, len(images), _AT_ONCE)]
    return np.concatenate(parts)


def like_real(images: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Return which images have the contrast of real ones, bool [N]; see `RULE`.

    Args:
        images: uint8 [N, H, W, C].
        real: uint8 [M, H, W, C].
    """
    lowest, highest = np.percentile(contrasts(real), [FARTHEST, 100 - FARTHEST], axis=0)
    found = contrasts(images)
    return np.asarray(((found >= lowest - TOLERANCE) & (found <= highest + TOLERANCE)).all(axis=1))


def _contrasts(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    left = (luminance(images) if images.shape[-1] == 3 else images)[..., 0].astype(np.float32)
    found = []
    while min(left.shape[1:]) >= _LEAST_SIDE:
        height, width = (side // 2 * 2 for side in left.shape[1:])
        left = left[:, :height, :width]
        blocks = left.reshape(len(left), height // 2, 2, width // 2, 2)
        means = blocks.mean(axis=(2, 4), keepdims=True)
        found.append(np.sqrt(np.mean((blocks - means) ** 2, axis=(1, 2, 3, 4))))
        left = means[:, :, 0, :, 0]
    found.append(left.std(axis=(1, 2)))
    return np.asarray(np.log2(np.maximum(np.stack(found, axis=1), _LEAST_LEVELS)), np.float32)
