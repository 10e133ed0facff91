"""Cut a generator in two at a layer of feature maps, so that these can be read and changed."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import to_uint8
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import compiled
from dcgan_tf.runs import in_batches


@dataclass(frozen=True)
class Halves:
    """Two models that share the generator's layers; together they are the generator.

    Attributes:
        lower: latents float32 [N, latent_dim] to feature maps float32 [N, h, w, C], after their ReLU.
        upper: these maps to images float32 [N, H, W, channels] in [-1, 1].
        layer: the layer of the maps, counted from the image: 1 feeds the last transposed convolution.
    """

    lower: keras.Model
    upper: keras.Model
    layer: int

    def maps(self, latents: np.ndarray) -> np.ndarray:
        """Return the feature maps of latents float32 [N, latent_dim], float32 [N, h, w, C]."""
        return in_batches(lambda z: np.asarray(compiled(self.lower)(z), np.float32), latents)

    def images(self, maps: np.ndarray) -> np.ndarray:
        """Turn feature maps, float32 [N, h, w, C], into images, uint8 [N, H, W, channels]."""
        return in_batches(lambda batch: to_uint8(compiled(self.upper)(batch)), maps)

    def images_without(self, latents: np.ndarray, dropped: np.ndarray) -> np.ndarray:
        """Draw latents with some feature maps set to 0 at every position.

        Args:
            latents: float32 [N, latent_dim].
            dropped: int64 numbers of the maps, each below C.

        Returns:
            uint8 [N, H, W, channels].
        """
        kept = np.ones(self.shape[-1], np.float32)
        kept[dropped] = 0

        def draw(z: np.ndarray) -> np.ndarray:
            return to_uint8(compiled(self.upper)(compiled(self.lower)(z) * kept))

        return in_batches(draw, latents)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, C) of the feature maps."""
        h, w, channels = self.lower.output.shape[1:]
        return int(h), int(w), int(channels)


@own_settings()
def split_generator(generator: keras.Sequential, *, layer: int | None) -> Halves:
    """Cut a generator after a layer of feature maps; the generator itself is not changed.

    Args:
        generator: latents float32 [N, latent_dim] to images float32 [N, H, W, channels] in [-1, 1].
        layer: which maps, counted from the image: 1 are those that feed the last transposed convolution; None
            are the first, which the latent is projected to.

    Raises:
        ArgumentError: if it has no convolutional layers, or fewer of them.
    """
    places = [
        i
        for i, found in enumerate(generator.layers)
        if isinstance(found, keras.layers.ReLU) and len(found.output.shape) == 4
    ]
    if not places:
        raise ArgumentError(
            "this generator has no convolutional layers, so it has no feature maps to drop; train a run with "
            "--architecture dcgan"
        )
    layer = len(places) if layer is None else layer
    if not 1 <= layer <= len(places):
        raise ArgumentError(
            f"layer must be from 1 (next to the image) to {len(places)}, the layers of feature maps in this "
            f"generator, received {layer}"
        )
    place = places[-layer]
    maps = generator.layers[place].output
    changed = keras.Input(maps.shape[1:], dtype=maps.dtype, name="maps")
    image = changed
    for above in generator.layers[place + 1 :]:
        image = above(image)
    return Halves(keras.Model(generator.inputs[0], maps), keras.Model(changed, image), layer)
