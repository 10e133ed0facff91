"""Write a folder for TensorBoard's Embedding Projector: vectors, a table of the points, thumbnails."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tensorboard.plugins import projector

from dcgan_tf.errors import ArgumentError
from dcgan_tf.files import replacing, write_text
from dcgan_tf.images import grid, save_png, to_pil

TENSORS, METADATA, SPRITE, CONFIG = "tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"
SPRITE_LIMIT = 8192
"""The longest side of a sprite that the Projector shows, in pixels."""

_THUMBNAIL = 64


@dataclass(frozen=True)
class Points:
    """N points with everything that the Projector shows.

    Attributes:
        name: name of the space in the Projector's list.
        vectors: float32 [N, D].
        columns: {name: N values}; at least two, because the Projector expects no heading for a single column.
        images: uint8 [N, H, W, C].
    """

    name: str
    vectors: np.ndarray
    columns: Mapping[str, Sequence[object]]
    images: np.ndarray

    @property
    def files(self) -> dict[str, Callable[[Path], None]]:
        """The {file name: function that writes it} of one folder, which is then TensorBoard's --logdir."""
        return {
            TENSORS: self._write_vectors,
            METADATA: self._write_columns,
            SPRITE: lambda path: save_png(path, sprite(thumbnails(self.images))),
            CONFIG: self._write_config,
        }

    def _write_vectors(self, path: Path) -> None:
        with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
            np.savetxt(file, self.vectors, fmt="%.6g", delimiter="\t")

    def _write_columns(self, path: Path) -> None:
        rows = [self.columns, *zip(*self.columns.values(), strict=True)]
        lines = ["\t".join(" ".join(str(value).split()) for value in row) for row in rows]
        write_text(path, "\n".join(lines) + "\n")

    def _write_config(self, path: Path) -> None:
        config = projector.ProjectorConfig()
        embedding = config.embeddings.add()
        embedding.tensor_name = self.name
        embedding.tensor_path, embedding.metadata_path = TENSORS, METADATA
        embedding.tensor_shape.extend(self.vectors.shape)
        embedding.sprite.image_path = SPRITE
        height, width = thumbnails(self.images[:1]).shape[1:3]
        embedding.sprite.single_image_dim.extend([width, height])
        # TensorBoard's own function does not choose the name, which therefore is that of `CONFIG`.
        projector.visualize_embeddings(str(path.parent), config)


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Return images, uint8 [N, H, W, C], reduced if a side is longer than 64 pixels."""
    height, width = images.shape[1:3]
    scale = min(1.0, _THUMBNAIL / max(height, width))
    if scale == 1.0:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.stack([np.asarray(to_pil(np.asarray(image)).resize(size)) for image in images])
    return small.reshape(len(images), size[1], size[0], images.shape[-1])


def sprite(images: np.ndarray) -> np.ndarray:
    """Lay thumbnails out in rows without gaps, as many rows as columns or one less, uint8 [rows, columns, C].

    Raises:
        ArgumentError: if the sprite would be too large for the Projector; it says how many thumbnails fit.
    """
    height, width = images.shape[1:3]
    side = math.ceil(math.sqrt(len(images)))
    if side * max(height, width) > SPRITE_LIMIT:
        most = (SPRITE_LIMIT // max(height, width)) ** 2
        raise ArgumentError(
            f"the Projector shows at most {most:,} thumbnails of {height}x{width} pixels, received "
            f"{len(images):,}; lower --num-images"
        )
    return grid(images, columns=side, gap=0)
