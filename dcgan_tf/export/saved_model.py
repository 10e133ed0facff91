"""The generator as a SavedModel that needs TensorFlow and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.latents import sample_latents
from dcgan_tf.quiet import STDERR, STDOUT, held_back

SAMPLE_BATCH = 8
"""`sample` draws in batches of this size, because matrix products of other sizes round differently."""


class ServedGenerator(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """The generator behind its three signatures.

    It keeps the generator's variables rather than the generator, because the export of a Keras model stores
    every weight twice.

    Args:
        generator: latents float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1].
        model: latent_dim and latent_distribution are used.
    """

    def __init__(self, generator: keras.Sequential, model: ModelConfig) -> None:
        super().__init__()
        self.generator_weights = [variable.value for variable in generator.variables]

        def float_images(z: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"image": generator(z, training=False)}

        def serving_default(z: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"image": _to_bytes(generator(z, training=False))}

        def sample(seed: tf.Tensor, n: tf.Tensor) -> dict[str, tf.Tensor]:
            filled = -(-n // SAMPLE_BATCH) * SAMPLE_BATCH
            z = sample_latents(filled, model.latent_dim, seed=seed, distribution=model.latent_distribution)
            batches = tf.reshape(z, (-1, SAMPLE_BATCH, model.latent_dim))
            image = tf.map_fn(
                lambda batch: _to_bytes(generator(batch, training=False)),
                batches,
                fn_output_signature=tf.uint8,
            )
            return {"image": tf.reshape(image, (-1, *generator.output_shape[1:]))[:n], "z": z[:n]}

        latents = tf.TensorSpec((None, model.latent_dim), tf.float32, name="z")
        number = tf.TensorSpec((), tf.int64)
        self.float_images = tf.function(float_images, input_signature=[latents])
        self.serving_default = tf.function(serving_default, input_signature=[latents])
        self.sample = tf.function(sample, input_signature=[number, number])


def write(path: Path, generator: keras.Sequential, model: ModelConfig, facts: Mapping[str, Any]) -> None:
    """Write the folder, with three signatures.

    - `serving_default`: z float32 [n, latent_dim] to image uint8 [n, H, W, C];
    - `float_images`: z float32 [n, latent_dim] to image float32 [n, H, W, C] in [-1, 1];
    - `sample`: seed and n, int64 scalars, to image uint8 [n, H, W, C] and its z float32 [n, latent_dim];
      image i of a seed is the same whatever n is.

    Args:
        path: the folder.
        generator: latents to images in [-1, 1].
        model: its latents.
        facts: written to `assets.extra/dcgan.json`, where TensorFlow keeps what others add.
    """
    module = ServedGenerator(generator, model)
    signatures = {name: getattr(module, name) for name in ("serving_default", "sample", "float_images")}
    with held_back(STDOUT, STDERR):
        tf.saved_model.save(module, str(path), signatures=signatures)
    (facts_path(path).parent).mkdir(exist_ok=True)
    facts_path(path).write_text(json.dumps(facts, indent=2) + "\n")


def facts_path(path: Path) -> Path:
    """Return where the facts stand in a SavedModel's folder."""
    return path / "assets.extra" / "dcgan.json"


def _to_bytes(image: tf.Tensor) -> tf.Tensor:
    """Round [-1, 1] to the nearest of 256 levels, ties to even as `images.to_uint8` does."""
    return tf.cast(tf.round((image + 1.0) * np.float32(127.5)), tf.uint8)
