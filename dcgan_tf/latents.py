"""Latent vectors z as pure functions of (seed, step), and the paths between them.

TensorFlow is imported by the functions that draw with it: its import takes seconds, and who only has an
exported file to draw with needs none.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dcgan_tf.arrays import read_array
from dcgan_tf.config import LARGEST_SEED, MOST_AT_ONCE, ModelConfig
from dcgan_tf.errors import ArgumentError, DataError, first_line
from dcgan_tf.philox import stateless_normal, stateless_uniform

if TYPE_CHECKING:
    import tensorflow as tf

SAMPLING_STEP = -1
"""The "step" of latents that are drawn for people to look at; training never reaches it."""
CALIBRATION_STEP = -2
"""The "step" of latents over which batch norm's statistics are taken."""
_PHILOX, _AT_A_COUNT = 1, 4


def sample_latents(
    num: int | tf.Tensor,
    latent_dim: int,
    *,
    seed: int | tf.Tensor,
    step: int | tf.Tensor = SAMPLING_STEP,
    distribution: str = "normal",
) -> tf.Tensor:
    """Draw latents; the first n of a larger draw equal a draw of n.

    Args:
        num: how many, a number or an integer scalar.
        latent_dim: length of each.
        seed: of the run, or of the samples; a number or an integer scalar.
        step: of training, an int64 scalar.
        distribution: "normal", N(0, 1), or "uniform", U(-1, 1).

    Returns:
        float32 [num, latent_dim].

    Raises:
        ArgumentError: if the seed is not valid, or the number is not from 0 to ten million.
    """
    import tensorflow as tf

    if not tf.is_tensor(seed):
        _check_seed(seed)
    if not tf.is_tensor(num):
        _check_number(num)
    pair = tf.stack([tf.cast(seed, tf.int64), tf.cast(step, tf.int64)])
    if distribution == "normal":
        return tf.random.stateless_normal((num, latent_dim), pair)
    if distribution == "uniform":
        return tf.random.stateless_uniform((num, latent_dim), pair, minval=-1.0, maxval=1.0)
    raise ArgumentError(f"distribution must be normal or uniform, received {distribution!r}")


def sample_latents_without_tensorflow(
    num: int, latent_dim: int, *, seed: int, distribution: str = "normal"
) -> np.ndarray:
    """Draw the latents of `sample_latents` with NumPy alone; a few numbers differ by rounding.

    Args:
        num: how many.
        latent_dim: length of each.
        seed: of the samples.
        distribution: "normal", N(0, 1), or "uniform", U(-1, 1).

    Returns:
        float32 [num, latent_dim].

    Raises:
        ArgumentError: if the seed is not valid, or the number is not from 0 to ten million.
    """
    _check_seed(seed)
    _check_number(num)
    num, seed = int(num), int(seed)
    if distribution == "normal":
        drawn = stateless_normal(num * latent_dim, seed=(seed, SAMPLING_STEP))
    elif distribution == "uniform":
        drawn = stateless_uniform(num * latent_dim, seed=(seed, SAMPLING_STEP)) * 2 - 1
    else:
        raise ArgumentError(f"distribution must be normal or uniform, received {distribution!r}")
    return drawn.reshape(num, latent_dim)


def numbered_latents(
    numbers: np.ndarray, latent_dim: int, *, seed: int, distribution: str = "normal"
) -> np.ndarray:
    """Return single latents of `sample_latents` by number, without drawing those before them.

    The generator is Philox, whose only state is a counter: one count gives four numbers.

    Args:
        numbers: int64 [N], from 0.
        latent_dim: length of each.
        seed: of the samples.
        distribution: "normal" or "uniform".

    Returns:
        float32 [N, latent_dim].

    Raises:
        ArgumentError: if the seed is not valid.
    """
    import tensorflow as tf

    _check_seed(seed)
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=tf.constant([seed, SAMPLING_STEP], tf.int64))
    shape = [latent_dim + _AT_A_COUNT]
    rows = []
    for number in numbers.tolist():
        start, skipped = divmod(number * latent_dim, _AT_A_COUNT)
        where = counter + tf.constant([start, 0], tf.uint64)
        if distribution == "normal":
            drawn = tf.raw_ops.StatelessRandomNormalV2(shape=shape, key=key, counter=where, alg=_PHILOX)
        else:
            drawn = tf.raw_ops.StatelessRandomUniformV2(shape=shape, key=key, counter=where, alg=_PHILOX)
            drawn = drawn * 2.0 - 1.0
        rows.append(drawn[skipped : skipped + latent_dim])
    return np.asarray(tf.stack(rows))


def read_latents(path: Path, model: ModelConfig) -> np.ndarray:
    """Return the latents in a file, float32 [N, latent_dim].

    Args:
        path: an array of real numbers [N, latent_dim] that `numpy.save` wrote.
        model: settings of the run that is to draw them.

    Raises:
        DataError: if the file cannot be read, or has something else, or latents of another length.
    """
    found = read_array(path, made_by="dcgan-tf project")
    wanted = f"[N, {model.latent_dim}]"
    if found.dtype.kind not in "fiu" or found.ndim != 2 or found.shape[1] != model.latent_dim:
        raise DataError(
            f"{path} must hold latents of this run, {wanted}, received {found.dtype} {list(found.shape)}"
        )
    if not 1 <= len(found) <= MOST_AT_ONCE:
        raise DataError(f"{path} must have from 1 to {MOST_AT_ONCE:,} latents, received {len(found):,}")
    with np.errstate(over="ignore"):
        latents = np.asarray(found, np.float32)
    if not np.isfinite(latents).all():
        raise DataError(f"{path} has numbers that are not finite")
    return latents


def checked_latents(latents: np.ndarray, latent_dim: int) -> np.ndarray:
    """Return latents as float32, after a check that a generator can draw each of them.

    Args:
        latents: numbers [N, latent_dim].
        latent_dim: the length of the generator's latents.

    Raises:
        ArgumentError: if they are no numbers, have another shape or are not finite.
    """
    try:
        latents = np.asarray(latents, np.float32)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"latents must be numbers of shape [N, {latent_dim}]: {first_line(error)}"
        ) from None
    if latents.ndim != 2 or latents.shape[1] != latent_dim:
        raise ArgumentError(f"latents must have shape [N, {latent_dim}], received {list(latents.shape)}")
    if not np.isfinite(latents).all():
        raise ArgumentError("latents must be finite numbers: some are infinite, or no number (NaN)")
    return latents


def _check_seed(seed: int) -> None:
    if not (is_whole(seed) and 0 <= seed <= LARGEST_SEED):
        raise ArgumentError(f"a seed is a whole number from 0 to 2^63 - 1, received {seed!r}")


def _check_number(num: int) -> None:
    if not (is_whole(num) and num >= 0):
        raise ArgumentError(f"the number of images must be a whole number from 0, received {num!r}")
    if num > MOST_AT_ONCE:
        raise ArgumentError(f"at most {MOST_AT_ONCE:,} images are drawn at once, received {num:,}")


def is_whole(value: object) -> bool:
    """Return whether a value is an integer, also of NumPy; TensorFlow would take 1.5 and True too."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def replica_latents(model: ModelConfig, num: int, *, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Draw the latents of all replicas in a step and return this replica's share, in replica context.

    The numbers do not depend on how many replicas share them. Drawing all costs
    `num * latent_dim` floats, which is nothing beside one feature map.

    Args:
        model: latent_dim and latent_distribution are used.
        num: how many, over all replicas; a multiple of their number.
        seed: of the run.
        step: int64 scalar.

    Returns:
        float32 [num / replicas, latent_dim].
    """
    whole = sample_latents(
        num, model.latent_dim, seed=seed, step=step, distribution=model.latent_distribution
    )
    return share_of_replica(whole)


def share_of_replica(whole: tf.Tensor) -> tf.Tensor:
    """Return this replica's part of what was drawn for the global batch, in replica context.

    Args:
        whole: [N, ...], N a multiple of the number of replicas.

    Returns:
        [N / replicas, ...], in the order of the replicas.
    """
    import tensorflow as tf

    replica = tf.distribute.get_replica_context()
    share = tf.shape(whole)[0] // replica.num_replicas_in_sync
    first = tf.cast(replica.replica_id_in_sync_group, tf.int32) * share
    return whole[first : first + share]


def sample_labels(num: int, num_classes: int) -> np.ndarray:
    """Return the classes of samples for people, int64 [num]: 0, 1, 2 … and again from 0."""
    return np.arange(num) % num_classes


def whole_rows(num: int, num_classes: int) -> int:
    """Return a number of images near `num` that gives each class as many; `num` itself for 0 classes."""
    return num if num_classes == 0 else num_classes * max(1, num // num_classes)


def typical_norm(model: ModelConfig) -> float:
    """Return the root mean square length of the run's latents: sqrt(n), or sqrt(n / 3) for U(-1, 1)."""
    variance = 1.0 if model.latent_distribution == "normal" else 1.0 / 3.0
    return math.sqrt(model.latent_dim * variance)


def with_typical_norm(latents: np.ndarray, model: ModelConfig) -> np.ndarray:
    """Scale latents, [N, latent_dim], to the typical length of those that the generator was trained on.

    The sum of three independent latents is longer than any of those, and the mean of ten is shorter.
    """
    norms = np.linalg.norm(latents, axis=1, keepdims=True)
    return np.asarray(latents * (typical_norm(model) / np.maximum(norms, 1e-12)), np.float32)


def truncated(latents: np.ndarray, truncation: float) -> np.ndarray:
    """Return latents that are drawn towards 0, where pictures are more ordinary, and more alike.

    StyleGAN truncates its mapped latents so, about their mean (Karras et al. 2019, section B); these are not
    mapped, and their mean is 0.

    Args:
        latents: float32 [N, latent_dim].
        truncation: from above 0, where all are nearly equal, to 1, where nothing is changed.

    Returns:
        float32 [N, latent_dim].

    Raises:
        ArgumentError: if the truncation is not above 0 and at most 1.
    """
    try:
        fits = bool(0 < truncation <= 1)
    except (TypeError, ValueError):  # no number, or several
        fits = False
    if not fits:
        raise ArgumentError(f"truncation must be above 0 and at most 1, received {truncation!r}")
    return np.asarray(latents * np.float32(truncation), np.float32)


def lerp(start: np.ndarray, end: np.ndarray, fraction: float | np.ndarray) -> np.ndarray:
    """Return the latents on the straight line, float32; `fraction` 0 is `start`, 1 is `end`.

    Args:
        start: float32 [..., latent_dim].
        end: of the same shape.
        fraction: a number, or an array that broadcasts against them.
    """
    fraction = np.asarray(fraction, np.float32)
    return np.asarray((1 - fraction) * start + fraction * end, np.float32)


def slerp(start: np.ndarray, end: np.ndarray, fraction: float | np.ndarray) -> np.ndarray:
    """Return latents on the great circle; this suits normal latents, whose lengths vary little.

    Spherical linear interpolation (Shoemake 1985; for latents: White 2016). The length goes from that of
    `start` to that of `end` in a straight line. Opposite and parallel latents have no single great circle;
    there it is `lerp`. The exported page has the same function, in export/web/assets/latents.js.

    Args:
        start: float32 [..., latent_dim].
        end: of the same shape.
        fraction: a number, or an array that broadcasts against [..., 1].

    Returns:
        float32, of the shape that these broadcast to.
    """
    fraction = np.asarray(fraction, np.float64)
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)  # float32 misses parallel ones
    lengths = [np.linalg.norm(z, axis=-1, keepdims=True) for z in (start, end)]
    a, b = (z / np.maximum(length, 1e-12) for z, length in zip((start, end), lengths, strict=True))
    angle = np.arccos(np.clip(np.sum(a * b, axis=-1, keepdims=True), -1.0, 1.0))
    sine = np.sin(angle)
    safe = np.where(sine < 1e-6, 1.0, sine)
    direction = (np.sin((1 - fraction) * angle) * a + np.sin(fraction * angle) * b) / safe
    curved = direction * ((1 - fraction) * lengths[0] + fraction * lengths[1])
    return np.where(sine < 1e-6, lerp(start, end, fraction), curved).astype(np.float32)


def between(
    start: np.ndarray, end: np.ndarray, fraction: float | np.ndarray, model: ModelConfig
) -> np.ndarray:
    """Return latents between two others: by `slerp` if the run's latents are normal, by `lerp` if uniform."""
    way = slerp if model.latent_distribution == "normal" else lerp
    return way(start, end, fraction)
