"""The classes that are passed to a conditional generator: which ones, and whether it has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.latents import sample_labels


def sample_inputs(
    latents: np.ndarray, class_names: Sequence[str], labels: Sequence[int] | None = None
) -> tuple[np.ndarray, ...]:
    """Return the inputs of a generator: the latents, and for a conditional one the classes too.

    Args:
        latents: float32 [N, latent_dim].
        class_names: class names of the generator; () if it is not conditional.
        labels: classes that the samples cycle through; all by default.

    Returns:
        (latents,), or (latents, labels int32 [N]).

    Raises:
        ArgumentError: if a label is not one of the classes, or the generator has no classes.
    """
    if labels is None:
        if not class_names:
            return (latents,)
        labels = range(len(class_names))
    chosen = checked_labels(labels, class_names)
    return latents, np.array(chosen)[sample_labels(len(latents), len(labels))]


def checked_labels(
    labels: Sequence[int] | np.ndarray | None, class_names: Sequence[str], *, count: int | None = None
) -> np.ndarray | None:
    """Check labels against the classes of a generator.

    Args:
        labels: classes, or None if none were given.
        class_names: class names of the generator; () if it is not conditional and takes no labels.
        count: how many there must be, or None for any number but 0.

    Returns:
        The labels, int32 [N]; None of a generator without classes.

    Raises:
        ArgumentError: if labels are missing, too few or too many, not among the classes, no whole numbers, or
            given to a generator without classes.
    """
    if not class_names:
        if labels is None:
            return None
        raise ArgumentError(
            "this generator was trained without --conditional, so it cannot draw a chosen class"
        )
    shown = ", ".join(class_names[:12]) + (", …" if len(class_names) > 12 else "")
    expected = f"expected labels from 0 to {len(class_names) - 1} ({shown})"
    given = _array(labels)
    if labels is None or (given.size == 0 and count != 0):
        raise ArgumentError(f"a conditional generator draws pictures of a class: {expected}, received none")
    if count is not None and given.shape != (count,):
        raise ArgumentError(f"expected one label for each of {count} latents, received {list(given.shape)}")
    if given.ndim != 1 or not _are_whole(given):
        raise ArgumentError(f"{expected}, in a list of whole numbers, received {repr(labels)[:80]}")
    if wrong := sorted({int(label) for label in given if not 0 <= label < len(class_names)}):
        raise ArgumentError(f"there is no class {wrong[0]}: {expected}")
    return given.astype(np.int32)


def _array(labels: object) -> np.ndarray:
    """Return what was given as an array; lists of several lengths, and what is no list, as one of objects."""
    try:
        return np.asarray(labels)
    except ValueError:
        return np.asarray(labels, object)


def _are_whole(values: np.ndarray) -> bool:
    """Return whether all are whole numbers, also as floats: 0.5 would be rounded to a class in silence."""
    if values.dtype.kind == "f":
        return bool((np.isfinite(values) & (values == np.rint(values))).all())
    return values.dtype.kind in "iub"


def labels_in_shares(labels: np.ndarray, num: int) -> np.ndarray:
    """Return `num` classes, each in the share that it has among the labels, int64 [num].

    Args:
        labels: classes of images, int64 [N].
        num: how many; of more than N, each label comes again about as often as every other.
    """
    total = len(labels)
    # Not the whole list again and again: of labels in the order of the classes, its beginning has one class.
    chosen = evenly_spaced(total, num) if num <= total else np.arange(num) * total // num
    return np.asarray(labels[chosen])
