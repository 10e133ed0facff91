"""A classifier of what a picture shows: a small network that learns from a run's own labelled images.

The analyses use it as a judge. So its quality on held-out images is part of it. It is cached beside the
images.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import cache
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import DataError, StorageError
from dcgan_tf.files import write_text
from dcgan_tf.judges.network import build_network, fit, from_floats, judge, load_weights, save_weights

VERSION = 1  # of the network and its training: part of the cache's key
RELIABLE = 0.95
"""The held-out accuracy (correlation for a continuous attribute) below which a judgement is doubtful."""

_BATCH, _EPOCHS = 128, 4
_FEWEST_STEPS = 600  # sets too small for this many steps in four epochs are gone over more often
_HOLD_OUT_EVERY = 10
_ENOUGH = 500  # images of a share that is kept aside, for which no tenth is needed
_WEIGHTS, _FACTS = "weights.npz", "classifier.json"
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Predictions:
    """The classifier's judgement of N images.

    Attributes:
        margins: {name: float32 [N]} for each binary attribute its logit, for each class its logit minus the
            highest of the others: above 0 means that the image shows it.
        values: {name: float32 [N]} for each continuous attribute, about [-1, 1].
        features: float32 [N, D], the activations below the outputs.
    """

    margins: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    features: np.ndarray


@dataclass(frozen=True)
class Classifier:
    """A trained classifier of attributes and classes.

    Attributes:
        network: images uint8 [N, H, W, C] to (outputs float32 [N, K], features float32 [N, D]).
        name: name of the data that it was trained on.
        binary: names of the binary attributes, the first outputs.
        continuous: names of the continuous attributes, the next outputs.
        classes: names of the classes, the last outputs.
        quality: {name: share of held-out images that are judged correctly; for a class, share of its images;
            for a continuous attribute, correlation with the truth}.
        num_held_out: number of images that this was measured on.
    """

    network: keras.Model
    name: str
    binary: tuple[str, ...]
    continuous: tuple[str, ...]
    classes: tuple[str, ...]
    quality: dict[str, float]
    num_held_out: int

    @cached_property
    def concepts(self) -> tuple[str, ...]:
        """The names of what an image shows or does not show: binary attributes and classes."""
        return self.binary + self.classes

    @property
    def feature_space(self) -> str:
        """The name of the space that `Predictions.features` lies in."""
        return f"{self.name} classifier"

    @cached_property
    def differentiable_features(self) -> keras.Model:
        """The network from images float32 [N, H, W, C] in [-1, 1] to the features, with the same weights.

        Gradients flow through it to the images; `network` takes integers, through which none can.
        """
        return from_floats(self.network)

    def predict(self, images: np.ndarray) -> Predictions:
        """Return the judgement of images, uint8 [N, H, W, C]."""
        outputs, features = judge(self.network, images)
        b, c = len(self.binary), len(self.continuous)
        margins = {name: outputs[:, i] for i, name in enumerate(self.binary)}
        values = {name: outputs[:, b + i] for i, name in enumerate(self.continuous)}
        return Predictions(margins | _class_margins(outputs[:, b + c :], self.classes), values, features)

    def doubtful(self, names: tuple[str, ...] | list[str]) -> list[str]:
        """Return a sentence for each of these names on which the classifier is not reliable."""
        return [
            f"{self._weakness(name)}: read statements about it with care"
            for name in names
            if not self.quality[name] >= RELIABLE  # also doubts NaN
        ]

    def _weakness(self, name: str) -> str:
        quality = self.quality[name]
        if name in self.continuous:
            return (
                f"the classifier's values of {name!r} correlate with the truth at only {quality:.2f} "
                f"in held-out images (below {RELIABLE})"
            )
        return (
            f"the classifier is right about {name!r} in only {quality:.1%} of held-out images "
            f"(below {RELIABLE:.0%})"
        )


def can_judge(image_set: ImageSet) -> bool:
    """Return whether a set has anything to learn: attributes, or at least two classes."""
    return bool(image_set.attributes) or _has_classes(image_set)


def trained_classifier(
    train: ImageSet, held_out: ImageSet | None = None, *, cache_dir: str | Path | None = None
) -> Classifier:
    """Return the classifier of a set; train it if it is not in the cache.

    Args:
        train: images with attributes, or labels of at least two classes, or both.
        held_out: images to measure its quality on. By default, if they are only a small held-out share, and
            if they lack an attribute or a class of `train`, every tenth image of `train` is used, and left
            out of the training.
        cache_dir: folder of the prepared images; None is the usual place.

    Raises:
        DataError: if there are neither attributes nor labels.
    """
    if not can_judge(train):
        raise DataError(f"{train.name} has neither attributes nor labels to train a classifier on")
    if held_out and not _can_measure(held_out, train):
        held_out = None
    folder = cache.place(cache_dir, _key(train, held_out))
    if (known := cache.read_or_discard(folder, _FACTS, _read)) is not None:
        return known
    _log.info("training a classifier on %s images of %s, once", f"{len(train):,}", train.name)
    trained = _train_and_measure(train, held_out)
    try:
        cache.store(folder, _FACTS, lambda scratch: _write(trained, scratch))
    except StorageError as error:  # no reason to lose what was computed
        _log.warning("%s; the classifier will be trained again the next time", error)
    return trained


def _can_measure(held_out: ImageSet, train: ImageSet) -> bool:
    """Return whether the quality of a classifier of `train` can be measured on other images."""
    if held_out is train.held_out and len(held_out) < min(len(train) // _HOLD_OUT_EVERY, _ENOUGH):
        return False  # a small share that is kept aside may have an image or two of a class
    return train.attributes.keys() <= held_out.attributes.keys() and _shown(train) <= _shown(held_out)


def _shown(images: ImageSet) -> set[str]:
    """Return the names of the classes that some image shows; none if nothing can be learnt from classes."""
    if not _has_classes(images) or images.labels is None:
        return set()
    return {images.label_names[label] for label in np.unique(images.labels)}


def _key(train: ImageSet, held_out: ImageSet | None) -> str:
    """Return the name in the cache, which depends on the pixels, labels and attributes."""
    parts = [train.name, train.fingerprint, train.annotation_fingerprint]
    parts += [held_out.fingerprint, held_out.annotation_fingerprint] if held_out else ["tenth"]
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
    return f"classifier-v{VERSION}-{cache.shortened(train.name)}-{digest}"


def _train_and_measure(train: ImageSet, held_out: ImageSet | None) -> Classifier:
    if held_out is None:
        held_out, train = _every_tenth(train)
    binary, continuous = _names(train, np.uint8), _names(train, np.float32)
    classes = train.label_names if _has_classes(train) else ()
    network = build_network(train.images.shape[1:], len(binary) + len(continuous) + len(classes))
    steps = max(_EPOCHS * len(train) // _BATCH, _FEWEST_STEPS)
    fit(
        network,
        _batches(train.images, _targets(train, binary, continuous, classes), steps),
        steps=steps,
        loss=lambda outputs, wanted: _losses(outputs, wanted, len(binary), len(continuous)),
    )
    unmeasured = Classifier(network, train.name, binary, continuous, classes, {}, len(held_out))
    quality = _quality(unmeasured.predict(held_out.images), held_out, classes)
    return Classifier(network, train.name, binary, continuous, classes, quality, len(held_out))


def _every_tenth(images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """Return (every tenth image, the others)."""
    tenth = np.arange(len(images)) % _HOLD_OUT_EVERY == 0
    return images.subset(tenth), images.subset(~tenth)


def _batches(images: np.ndarray, targets: np.ndarray, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the images in one random order after another."""
    rng = np.random.default_rng(0)
    epochs = -(-steps * _BATCH // len(images))
    order = np.concatenate([rng.permutation(len(images)) for _ in range(epochs)])
    for chosen in np.split(order[: steps * _BATCH], steps):
        yield np.ascontiguousarray(images[chosen]), targets[chosen]


def _losses(outputs: tf.Tensor, wanted: tf.Tensor, binary: int, continuous: int) -> tf.Tensor:
    """Return the sum of the three kinds' losses of each image, float32 [N]."""
    middle = binary + continuous
    yes_or_no = tf.nn.sigmoid_cross_entropy_with_logits(wanted[:, :binary], outputs[:, :binary])
    squares = tf.square(wanted[:, binary:middle] - outputs[:, binary:middle])
    loss = tf.reduce_sum(yes_or_no, 1) + tf.reduce_sum(squares, 1)
    if outputs.shape[1] > middle:
        loss += tf.nn.softmax_cross_entropy_with_logits(wanted[:, middle:], outputs[:, middle:])
    return loss


def _targets(
    image_set: ImageSet, binary: tuple[str, ...], continuous: tuple[str, ...], classes: tuple[str, ...]
) -> np.ndarray:
    """Return float32 [N, K]: 0 or 1, values, and one-hot classes."""
    columns = [image_set.attributes[name][:, None].astype(np.float32) for name in binary + continuous]
    if classes and image_set.labels is not None:
        columns.append(np.eye(len(classes), dtype=np.float32)[image_set.labels])
    return np.concatenate(columns, axis=1)


def _quality(predictions: Predictions, truth: ImageSet, classes: tuple[str, ...]) -> dict[str, float]:
    """Return the quality on `truth`, which may number its classes in another way.

    Images of a class that the classifier does not know are ignored. A class without images gets 0.
    """
    quality = {}
    for name, values in truth.attributes.items():
        if name in predictions.margins:
            quality[name] = float(np.mean((predictions.margins[name] > 0) == (values > 0)))
        elif name in predictions.values:  # and not one that the training images lack
            quality[name] = _correlation(predictions.values[name], values)
    shown = (
        np.array(truth.label_names)[truth.labels] if classes and truth.labels is not None else np.array([])
    )
    for name in classes:
        own = shown == name
        quality[name] = float(np.mean(predictions.margins[name][own] > 0)) if np.any(own) else 0.0
    return quality


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if np.std(a) > 0 and np.std(b) > 0 else 0.0


def _class_margins(logits: np.ndarray, classes: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return each class's logit minus the highest of the others."""
    margins = {}
    for i, name in enumerate(classes):
        margins[name] = logits[:, i] - np.max(np.delete(logits, i, axis=1), axis=1)
    return margins


def _names(image_set: ImageSet, dtype: type) -> tuple[str, ...]:
    return tuple(name for name, values in image_set.attributes.items() if values.dtype == dtype)


def _has_classes(image_set: ImageSet) -> bool:
    return image_set.labels is not None and len(image_set.label_names) > 1


def _write(classifier: Classifier, folder: Path) -> None:
    save_weights(classifier.network, folder / _WEIGHTS)
    facts = {name: getattr(classifier, name) for name in ("name", "binary", "continuous", "classes")}
    facts |= {"quality": classifier.quality, "num_held_out": classifier.num_held_out}
    facts["image_shape"] = classifier.network.input_shape[1:]
    write_text(folder / _FACTS, json.dumps(facts, indent=2))


def _read(folder: Path) -> Classifier:
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    shape = tuple(facts.pop("image_shape"))
    for kind in ("binary", "continuous", "classes"):
        facts[kind] = tuple(facts[kind])
    known = facts["binary"] + facts["continuous"] + facts["classes"]
    if missing := [name for name in known if not isinstance(facts["quality"].get(name), float)]:
        raise DataError(f"{_FACTS} has no quality of {missing[0]!r}")
    network = build_network(shape, len(known))
    load_weights(network, folder / _WEIGHTS)
    return Classifier(network, **facts)
