"""Find the image, its label and its attributes in an example of TensorFlow Datasets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcgan_tf.errors import DataError

FeaturePath = tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """The paths of image, label and attributes in an example; ("attributes", "Smiling") is a path.

    Attributes:
        image: path of the image.
        label: path of the class, or None.
        attributes: {name: path} of the true-or-false features.
    """

    image: FeaturePath
    label: FeaturePath | None
    attributes: dict[str, FeaturePath]


def find_columns(features: Any, name: str) -> Columns:
    """Find the image, the label and the attributes among the features of a dataset.

    The image is the feature called "image", or else the first by name; the label is the class feature called
    "label", or else the first by name; the attributes are all true-or-false features, named by the last part
    of their path.

    Args:
        features: a `tfds.features.FeaturesDict`.
        name: name of the dataset, for the messages.

    Raises:
        DataError: if there is no image of 8 or 16 bits.
    """
    import tensorflow_datasets as tfds

    leaves = dict(sorted(_leaves(features)))  # TFDS's own order is not kept on disk
    images = _paths(leaves, tfds.features.Image, but_not=tfds.features.LabeledImage)
    if not images:
        raise DataError(f"{name} has no image feature, it has {', '.join('/'.join(path) for path in leaves)}")
    image = ("image",) if ("image",) in images else images[0]
    if leaves[image].np_dtype == np.float32:  # stored as four bytes that look like RGBA
        raise DataError(f"the images of {name} are floating-point numbers, expected 8 or 16 bits")
    labels = _paths(leaves, tfds.features.ClassLabel)
    label = ("label",) if ("label",) in labels else labels[0] if labels else None
    flags = [path for path, leaf in leaves.items() if leaf.np_dtype == np.bool_ and leaf.shape == ()]
    last = [path[-1] for path in flags]
    attributes = {path[-1] if last.count(path[-1]) == 1 else "/".join(path): path for path in flags}
    return Columns(image=image, label=label, attributes=attributes)


def _leaves(feature: Any, path: FeaturePath = ()) -> Iterator[tuple[FeaturePath, Any]]:
    """Yield (path, feature) of everything that is not a dictionary of features."""
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.FeaturesDict):
        for name, inner in feature.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, feature


def _paths(
    leaves: dict[FeaturePath, Any], kind: type, *, but_not: type | tuple[type, ...] = ()
) -> list[FeaturePath]:
    return [path for path, leaf in leaves.items() if isinstance(leaf, kind) and not isinstance(leaf, but_not)]


def at_path(tree: Any, path: FeaturePath) -> Any:
    """Return `tree["a"]["b"]` for the path ("a", "b")."""
    for name in path:
        tree = tree[name]
    return tree


def put_at_path(tree: dict[str, Any], path: FeaturePath, value: Any) -> None:
    """Set `tree["a"]["b"]` for the path ("a", "b"), making dictionaries on the way."""
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value
