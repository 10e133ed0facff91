"""Write the generator as a SavedModel that needs only TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.export.record import checked_facts, content_of, parsed
from dcgan_tf.files import literal_path
from dcgan_tf.latents import sample_latents
from dcgan_tf.models import with_labels
from dcgan_tf.native_output import STDERR, STDOUT, held_back

SAMPLE_BATCH = 8
"""`sample` draws in batches of this size, because matrix products of other sizes round differently."""


class ServedGenerator(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """The generator with its three signatures.

    It keeps the generator's variables, not the generator, because the export of a Keras model stores every
    weight twice.

    Args:
        generator: takes latents float32 [N, latent_dim], which end in the class for a conditional one, and
            returns images float32 [N, H, W, C] in [-1, 1].
        model: latent_dim and latent_distribution are used.
        num_classes: number of classes of a conditional generator, or 0.
    """

    def __init__(self, generator: keras.Sequential, model: ModelConfig, *, num_classes: int = 0) -> None:
        super().__init__()
        self.generator_weights = [variable.value for variable in generator.variables]

        def draw(z: tf.Tensor, label: tf.Tensor | None) -> tf.Tensor:
            if label is not None:
                _refuse_unknown(label, num_classes)
            return generator(with_labels(z, label, num_classes), training=False)

        def float_images(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
            return {"image": draw(z, label)}

        def serving_default(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
            return {"image": _to_bytes(draw(z, label))}

        def sample(seed: tf.Tensor, n: tf.Tensor) -> dict[str, tf.Tensor]:
            filled = -(-n // SAMPLE_BATCH) * SAMPLE_BATCH
            z = sample_latents(filled, model.latent_dim, seed=seed, distribution=model.latent_distribution)
            drawn_from = {"z": z}
            if num_classes:
                drawn_from["label"] = tf.cast(tf.range(filled) % num_classes, tf.int32)
            batches = {name: _batches(values) for name, values in drawn_from.items()}
            image = tf.map_fn(
                lambda batch: serving_default(**batch)["image"], batches, fn_output_signature=tf.uint8
            )
            image = tf.reshape(image, (-1, *generator.output_shape[1:]))
            return {name: values[:n] for name, values in {"image": image, **drawn_from}.items()}

        inputs = [tf.TensorSpec((None, model.latent_dim), tf.float32, name="z")]
        if num_classes:
            inputs.append(tf.TensorSpec((None,), tf.int32, name="label"))
        number = tf.TensorSpec((), tf.int64)
        self.float_images = tf.function(float_images, input_signature=inputs, autograph=False)
        self.serving_default = tf.function(serving_default, input_signature=inputs, autograph=False)
        self.sample = tf.function(sample, input_signature=[number, number], autograph=False)


def write(
    path: Path,
    generator: keras.Sequential,
    model: ModelConfig,
    facts: Mapping[str, Any],
    *,
    num_classes: int = 0,
) -> None:
    """Write the folder of a SavedModel with three signatures.

    - `serving_default`: z float32 [n, latent_dim] to image uint8 [n, H, W, C];
    - `float_images`: z float32 [n, latent_dim] to image float32 [n, H, W, C] in [-1, 1];
    - `sample`: seed and n, int64 scalars, to image uint8 [n, H, W, C] and its z float32 [n, latent_dim];
      image i of a seed is the same for any n.

    For a conditional generator, the first two also take label int32 [n], and refuse numbers that are not a
    class. The third cycles through the classes, and also gives label int32 [n].

    Args:
        path: the folder.
        generator: takes latents, which end in the class for a conditional one, and returns images in [-1, 1].
        model: settings of the latents.
        facts: the content of `assets.extra/dcgan.json`, where TensorFlow keeps additions.
        num_classes: number of classes of a conditional generator, or 0.
    """
    module = ServedGenerator(generator, model, num_classes=num_classes)
    signatures = {name: getattr(module, name) for name in ("serving_default", "sample", "float_images")}
    with held_back(STDOUT, STDERR), literal_path(path.parent) as parent:
        tf.saved_model.save(module, str(parent / path.name), signatures=signatures)
    (facts_path(path).parent).mkdir(exist_ok=True)
    facts_path(path).write_text(json.dumps(facts, indent=2) + "\n")


def facts_path(path: Path) -> Path:
    """Return the path of the facts in a SavedModel's folder."""
    return path / "assets.extra" / "dcgan.json"


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts in a SavedModel's folder.

    Raises:
        ExportError: if they are missing, or are not as export writes them.
    """
    source = facts_path(path)
    return checked_facts(parsed(content_of(source), source=source), source=source)


def _refuse_unknown(label: tf.Tensor, num_classes: int) -> None:
    """Fail if a label is not a class: its one-hot vector would be zeros, and the picture meaningless."""
    tf.debugging.Assert(
        tf.reduce_all((label >= 0) & (label < num_classes)),
        [f"there is no such class: expected labels from 0 to {num_classes - 1}, received", label],
        summarize=12,
    )


def _batches(values: tf.Tensor) -> tf.Tensor:
    return tf.reshape(values, (-1, SAMPLE_BATCH, *values.shape[1:]))


def _to_bytes(image: tf.Tensor) -> tf.Tensor:
    """Round [-1, 1] to the nearest of 256 levels, ties to even as `images.to_uint8` does."""
    return tf.cast(tf.round((image + 1.0) * np.float32(127.5)), tf.uint8)
