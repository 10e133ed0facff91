"""A second feature space: a residual network that knows the classes or attributes of the data.

The library's own classifier is small and strided, like a DCGAN's discriminator. A distance that only its
features show would say little, so `recipes.py` also measures in the features of this network, which is
built in another way (He et al. 2016, "Identity mappings in deep residual networks") and trained with
another optimizer, on moved and mirrored images.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.data import ImageSet
from dcgan_tf.evaluation.feature_spaces import Features, MetricNames
from dcgan_tf.judges.network import judge, load_weights, save_weights
from dcgan_tf.models import digest_of

VERSION = 1
"""Raise it after a change of the network or of its training: older ones are then forgotten."""
EPOCHS, BATCH, FEWEST_STEPS = 8, 128, 600
_MOVED = 0.1
"""Training images are moved by up to this share of their side."""


@dataclass(frozen=True)
class ResidualSpace:
    """The features of the residual network, float32 [N, 128].

    Attributes:
        network: images uint8 [N, H, W, C] to (outputs float32 [N, K], features float32 [N, 128]).
        data: name of the data that it was trained on.
        accuracy: share of its answers that are right on held-out images.
    """

    network: keras.Model
    data: str
    accuracy: float

    @property
    def name(self) -> str:
        """The name, such as "cifar10 residual network"."""
        return f"{self.data} residual network"

    @cached_property
    def key(self) -> str:
        """A key made of the name and the weights."""
        return f"residual-{Path(self.data).name}-{digest_of(self.network)}"

    @property
    def names(self) -> MetricNames:
        """The names of the metrics."""
        return MetricNames()

    @property
    def facts(self) -> dict[str, Any]:
        """The accuracy on held-out images."""
        return {"residual_accuracy": round(self.accuracy, 4)}

    @property
    def remarks(self) -> list[str]:
        """No remarks: the accuracy is printed when the network is trained."""
        return []

    def read(self, images: np.ndarray) -> Features:
        """Return the features of images, uint8 [N, H, W, C]."""
        return Features(judge(self.network, images)[1], np.ones((len(images), 1), np.float32))


def residual_space(train: ImageSet, held_out: ImageSet, folder: Path) -> ResidualSpace | None:
    """Return the space of these data; train its network if the folder does not have it.

    Args:
        train: images with labels or with binary attributes.
        held_out: other images of the same kind, which measure the accuracy.
        folder: keeps the trained network.

    Returns:
        None if the images have neither labels nor attributes, or the held-out ones have other classes.
    """
    if train.labels is not None and held_out.label_names != train.label_names:
        return None
    answers = [_answers(images) for images in (train, held_out)]
    if answers[0] is None or answers[1] is None:
        return None
    file = folder / f"residual-{VERSION}-{train.fingerprint[:16]}.npz"
    network = _build(train.images.shape[1:], answers[0].shape[1])
    if file.exists():
        load_weights(network, file)
    else:
        _train(network, train.images, answers[0], one_of_all=train.labels is not None)
        file.parent.mkdir(parents=True, exist_ok=True)
        save_weights(network, file)
    accuracy = _accuracy(network, held_out.images, answers[1], one_of_all=train.labels is not None)
    print(f"residual network of {train.name}: {accuracy:.1%} of its answers on held-out images are right")
    return ResidualSpace(network, train.name, accuracy)


def _answers(images: ImageSet) -> np.ndarray | None:
    """Return what the network learns to say, float32 [N, K]: one-hot classes, or binary attributes."""
    if images.labels is not None:
        classes: np.ndarray = np.eye(len(images.label_names), dtype=np.float32)
        return np.asarray(classes[images.labels])
    binary = [values for values in images.attributes.values() if values.dtype == np.uint8]
    return np.stack(binary, axis=1).astype(np.float32) if binary else None


def _build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    keras.utils.set_random_seed(7)
    layers = keras.layers
    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 127.5, -1.0)(images)
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(x)
    for filters, strides in ((32, 2), (64, 2), (64, 1), (128, 2)):
        x = _block(x, filters, strides)
    features = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(x)))
    return keras.Model(images, [layers.Dense(outputs)(features), features])


def _block(x: Any, filters: int, strides: int) -> Any:
    layers = keras.layers
    y = layers.ReLU()(layers.BatchNormalization()(x))
    beside = x
    if strides > 1 or x.shape[-1] != filters:
        beside = layers.Conv2D(filters, 1, strides, padding="same", use_bias=False)(y)
    y = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(y)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    return layers.Add()([layers.Conv2D(filters, 3, padding="same", use_bias=False)(y), beside])


def _train(network: keras.Model, images: np.ndarray, answers: np.ndarray, *, one_of_all: bool) -> None:
    steps = max(EPOCHS * len(images) // BATCH, FEWEST_STEPS)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=5e-3)
    optimizer.build(network.trainable_variables)
    loss = tf.nn.softmax_cross_entropy_with_logits if one_of_all else tf.nn.sigmoid_cross_entropy_with_logits

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def step(some: tf.Tensor, wanted: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(loss(wanted, network(_moved(some), training=True)[0]))
        optimizer.apply(tape.gradient(mean, network.trainable_variables), network.trainable_variables)

    rng, size = np.random.default_rng(0), min(BATCH, len(images))
    for _ in range(steps):
        chosen = np.sort(rng.choice(len(images), size, replace=False))
        step(np.ascontiguousarray(images[chosen]), answers[chosen])


def _moved(images: tf.Tensor) -> tf.Tensor:
    """Return the images moved a little; colour pictures are mirrored at random too."""
    shape = images.shape
    margins = [0, round(_MOVED * shape[1]), round(_MOVED * shape[2]), 0]
    moved = tf.image.random_crop(tf.pad(images, [[m, m] for m in margins], "REFLECT"), shape)
    return tf.image.random_flip_left_right(moved) if shape[3] == 3 else moved


def _accuracy(network: keras.Model, images: np.ndarray, answers: np.ndarray, *, one_of_all: bool) -> float:
    outputs, _ = judge(network, images)
    if one_of_all:
        return float(np.mean(np.argmax(outputs, 1) == np.argmax(answers, 1)))
    return float(np.mean((outputs > 0) == (answers > 0)))
