"""A detector of double exposures: pictures laid over each other, as arithmetic on pixels makes them.

They satisfy a classifier, which sees a crown and a woman in them, and often the discriminator too. This
network learns to distinguish them from single pictures, both real images and samples. So it can use neither
traces of the generator nor traces of a camera.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import cache
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import DataError, StorageError
from dcgan_tf.judges.network import build_network, fit, judge, load_weights, save_weights
from dcgan_tf.models import digest_of
from dcgan_tf.runs import Run

VERSION = 2  # of the network and its training: part of the cache's key
NUM_TRAINING_SAMPLES = 4096
TRAINING_SEED = 2**31 - 17  # of the samples it is trained on, which no one asks for by chance

_MOST_EXEMPLARS = 10
_STEPS = 500
_QUARTER = 32  # of each batch: real images, samples, double exposures of the ones and of the others
_log = logging.getLogger("dcgan_tf")


def trained_detector(run: Run, train: ImageSet) -> keras.Model:
    """Return the detector of a run; train it if it is not in the cache, or damaged there.

    Args:
        run: the run; the detector learns from its samples and from the real images.
        train: the images that the run was trained on.

    Returns:
        A model of uint8 [N, H, W, C]; `double_exposure_scores` reads it.
    """
    file = cache.place(run.config.data.cache_dir, f"double-exposure-{VERSION}-{_digest(run, train)}.npz")
    shape = train.images.shape[1:]
    if file.exists():
        network = build_network(shape, 1)
        try:
            load_weights(network, file)
            return network
        except (DataError, OSError) as error:
            _log.warning("the detector of double exposures is trained again: %s", error)
    _log.info("training a detector of double exposures, once for this checkpoint")
    network = build_network(shape, 1)
    _train(network, run, train.images)
    try:
        save_weights(network, file)
    except StorageError as error:  # no reason to lose what was computed
        _log.warning("%s; the detector will be trained again the next time", error)
    return network


def double_exposure_scores(detector: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the logit of each image, uint8 [N, H, W, C], to be a single picture, float32 [N]."""
    outputs, _ = judge(detector, images)
    return np.asarray(outputs[:, 0])


def double_exposures(images: np.ndarray, num: int, *, rng: np.random.Generator) -> np.ndarray:
    """Lay random images over each other, in one of three ways.

    The ways are: two images with random weights from a quarter to three quarters; the mean of 3 to 10; or a -
    b + c, each a mean of 1 to 10, clipped to the range of pixels.

    Args:
        images: uint8 [N, H, W, C].
        num: number of images to make.
        rng: the source of all random choices.

    Returns:
        uint8 [num, H, W, C].
    """
    made = np.empty((num, *images.shape[1:]), np.float32)

    def mean(count: int) -> np.ndarray:
        return np.asarray(images[rng.integers(0, len(images), count)].mean(axis=0, dtype=np.float32))

    for i, way in enumerate(rng.integers(0, 3, num)):
        if way == 0:
            weight = rng.uniform(0.25, 0.75)
            made[i] = weight * mean(1) + (1 - weight) * mean(1)
        elif way == 1:
            made[i] = mean(int(rng.integers(3, _MOST_EXEMPLARS + 1)))
        else:
            count = int(rng.integers(1, _MOST_EXEMPLARS + 1))
            made[i] = mean(count) - mean(count) + mean(count)
    return np.clip(np.rint(made), 0, 255).astype(np.uint8)


def _train(network: keras.Model, run: Run, real: np.ndarray) -> None:
    real = np.asarray(real[:: max(1, len(real) // NUM_TRAINING_SAMPLES)])
    samples = run.sample(NUM_TRAINING_SAMPLES, seed=TRAINING_SEED)
    fit(network, _batches(real, samples), steps=_STEPS, loss=_loss)


def _batches(real: np.ndarray, samples: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    single = np.repeat(np.array([[1], [0]], np.float32), 2 * _QUARTER, axis=0)
    for _ in range(_STEPS):
        singles = [images[rng.integers(0, len(images), _QUARTER)] for images in (real, samples)]
        doubles = [double_exposures(images, _QUARTER, rng=rng) for images in (real, samples)]
        yield np.concatenate([*singles, *doubles]), single


def _loss(outputs: tf.Tensor, single: tf.Tensor) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(single[:, 0], outputs[:, 0])


def _digest(run: Run, train: ImageSet) -> str:
    """Return a digest of this checkpoint, the class that is fixed, and the data."""
    # With a class fixed, the weights are still those of all classes.
    decisive = [train.fingerprint, digest_of(run.generator), run.shown_class]
    return hashlib.blake2b(json.dumps(decisive).encode(), digest_size=16).hexdigest()
