"""Digests of images, which tell two sets apart by their pixels: in their order, and in any order."""

from __future__ import annotations

import hashlib

import numpy as np


def pixel_fingerprint(images: np.ndarray) -> str:
    """Return a hexadecimal digest of images, uint8 [N, H, W, C]: of their order, size and pixels.

    It reads a memory-mapped array a thousand images at a time.
    """
    digest = digest_of_shape(images.shape[1:])
    for start in range(0, len(images), 1000):
        digest.update(np.ascontiguousarray(images[start : start + 1000]).data)
    return digest.hexdigest()


class UnorderedDigest:
    """A digest of images that does not depend on the order in which they are added."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._start, self._sum = digest_of_shape(shape), 0

    def add(self, pixels: bytes) -> None:
        """Add one image."""
        digest = self._start.copy()
        digest.update(pixels)
        self._sum = (self._sum + int.from_bytes(digest.digest(), "big")) % 2**128

    def hexdigest(self) -> str:
        """Return the digest as 32 hexadecimal digits."""
        return f"{self._sum:032x}"


def unordered_fingerprint(images: np.ndarray) -> str:
    """Return a hexadecimal digest of images, uint8 [N, H, W, C], that does not depend on their order."""
    digest = UnorderedDigest(images.shape[1:])
    for image in images:
        digest.add(image.tobytes())
    return digest.hexdigest()


def digest_of_shape(shape: tuple[int, ...]) -> hashlib.blake2b:
    """Return a digest that starts with the shape [H, W, C], so that equal bytes of another shape differ."""
    return hashlib.blake2b(str(tuple(shape)).encode(), digest_size=16)
