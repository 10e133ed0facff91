"""Make batches on the devices from an array of images; each is a pure function of (seed, step).

Nothing here keeps a state: to continue at step 1,000, ask for step 1,000. So a resumed run sees exactly the
images that an uninterrupted run would have seen.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dcgan_tf.errors import DataError

SMALLEST_BATCH = 2
"""The smallest value that the setting `batch_size` allows."""
_SHUFFLE, _FLIP = 1, 2  # independent streams of one seed
_ALL = slice(None)


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Return the number of whole batches in the images; the remainder is left out of the epoch.

    Raises:
        DataError: if the images do not fill one batch.
    """
    if num_images < batch_size:
        lower = f", or lower the batch size with --batch-size, to at most {num_images}"
        raise DataError(
            f"found {num_images} image{'s' * (num_images != 1)}, fewer than one batch of {batch_size}; "
            f"add images{lower * (num_images >= SMALLEST_BATCH)}"
        )
    return num_images // batch_size


def batch_indices(step: int, *, num_images: int, batch_size: int, seed: int) -> np.ndarray:
    """Return the indices of the images that step number `step` (from 0) trains on.

    Every image comes at most once an epoch, in an order that depends on (seed, epoch) only.

    Returns:
        int64 [batch_size] in [0, num_images).
    """
    epoch, position = divmod(step, steps_per_epoch(num_images, batch_size))
    order = _epoch_order(num_images, seed, epoch)
    return order[position * batch_size : (position + 1) * batch_size]


def batch(
    images: np.ndarray, step: int, *, batch_size: int, seed: int, flip: bool = False, rows: slice = _ALL
) -> np.ndarray:
    """Return the images that step number `step` (from 0) trains on, or some of them.

    Args:
        images: uint8 [N, H, W, C], memory-mapped or not; only what is returned is read.
        step: number of the step, from 0.
        batch_size: images per step, over all replicas.
        seed: seed of the run.
        flip: mirror each image left to right with probability one half.
        rows: which images of the batch are wanted.

    Returns:
        uint8 [batch_size, H, W, C], or those rows of it.
    """
    chosen = batch_indices(step, num_images=len(images), batch_size=batch_size, seed=seed)
    taken = np.ascontiguousarray(images[chosen[rows]])
    if flip:  # a coin for each image of the batch, so that it does not matter who reads which
        mirrored = np.random.default_rng([seed, _FLIP, step]).random(batch_size)[rows] < 0.5
        taken[mirrored] = taken[mirrored][:, :, ::-1]
    return taken


def replica_share(batch_size: int, strategy: tf.distribute.Strategy) -> int:
    """Return the number of images of each step that one replica takes.

    Raises:
        DataError: if the batch cannot be divided equally.
    """
    replicas = int(strategy.num_replicas_in_sync)
    if batch_size % replicas:
        raise DataError(f"batch_size must be a multiple of the {replicas} replicas, received {batch_size}")
    return batch_size // replicas


def distributed_batches(
    strategy: tf.distribute.Strategy,
    images: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    batch_size: int,
    seed: int,
    flip: bool,
    finished_steps: int,
    worker: int = 0,
    workers: int = 1,
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Return an endless dataset of the batches after `finished_steps` steps, each spread over the replicas.

    Each replica reads its own images only. The dataset of a worker has what the replicas of its machine need.
    Its elements are images, or (images, labels) if labels, int64 [N], are given.

    Args:
        strategy: that of the run.
        images: uint8 [N, H, W, C], memory-mapped or not.
        labels: their classes, int64 [N], or None.
        batch_size: images per step, over all replicas.
        seed: seed of the run.
        flip: mirror each image left to right with probability one half.
        finished_steps: number of steps done before.
        worker: which machine this is, from 0.
        workers: how many machines train together.

    Raises:
        DataError: if the batch cannot be divided equally.
    """
    share = replica_share(batch_size, strategy)

    def dataset(of: tf.distribute.InputContext | None = None) -> tf.data.Dataset:
        number, count = (of.input_pipeline_id, of.num_input_pipelines) if of else (worker, workers)
        replicas = strategy.num_replicas_in_sync // count
        reader = _Reader(images, labels, batch_size, seed, flip, share, replicas, number * replicas)
        elements = tf.data.Dataset.range(finished_steps * replicas, np.iinfo(np.int64).max)
        loaded = elements.map(reader.load, num_parallel_calls=1, deterministic=True).prefetch(2 * replicas)
        return loaded.with_options(_untuned())

    if _is_one_cpu(strategy):
        return dataset()
    return strategy.distribute_datasets_from_function(dataset, _input_options(strategy))


@dataclass(frozen=True)
class _Reader:
    """Reads what some replicas of a run train on: an element for each step and replica, in this order.

    Attributes:
        images: uint8 [N, H, W, C].
        labels: int64 [N], or None.
        batch_size: images per step, over all replicas.
        seed: seed of the run.
        flip: mirror each image left to right with probability one half.
        share: images per step of each replica.
        replicas: how many replicas this reads for.
        first: the first of them, counted over all machines.
    """

    images: np.ndarray
    labels: np.ndarray | None
    batch_size: int
    seed: int
    flip: bool
    share: int
    replicas: int
    first: int

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # leaves a file if killed
    def load(self, element: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        """Return the images of an element, or (images, labels)."""
        taken = tf.numpy_function(self._images, [element], tf.uint8, stateful=False)
        taken = tf.ensure_shape(taken, (self.share, *self.images.shape[1:]))
        if self.labels is None:
            return taken
        shown = tf.numpy_function(self._labels, [element], tf.int64, stateful=False)
        return taken, tf.ensure_shape(shown, (self.share,))

    def _images(self, element: np.int64) -> np.ndarray:
        step, rows = self._place(int(element))
        return batch(self.images, step, batch_size=self.batch_size, seed=self.seed, flip=self.flip, rows=rows)

    def _labels(self, element: np.int64) -> np.ndarray:
        step, rows = self._place(int(element))
        chosen = batch_indices(step, num_images=len(self.images), batch_size=self.batch_size, seed=self.seed)
        return np.take(np.asarray(self.labels), chosen[rows])

    def _place(self, element: int) -> tuple[int, slice]:
        """Return the step of an element, and which images of the step's batch it has."""
        step, replica = divmod(element, self.replicas)
        start = (self.first + replica) * self.share
        return step, slice(start, start + self.share)


def _untuned() -> tf.data.Options:
    """Return options without tf.data's tuner, which has nothing to tune and can delay the end of a run.

    An iterator that is deleted waits for the end of the tuner's thread. With TensorFlow 2.21 on a busy
    machine, this thread was seen to sleep for a minute and more; probably it is woken too early.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def _input_options(strategy: tf.distribute.Strategy) -> tf.distribute.InputOptions | None:
    """Return options for how a distributed dataset reaches its devices.

    On CPUs each replica has a dataset of its own, without prefetching to a device: TensorFlow's dataset for
    that is always tuned, whatever our options say.
    """
    if any("CPU" not in device for device in strategy.extended.worker_devices):
        return None
    return tf.distribute.InputOptions(
        experimental_fetch_to_device=False,
        experimental_replication_mode=tf.distribute.InputReplicationMode.PER_REPLICA,
    )


def _is_one_cpu(strategy: tf.distribute.Strategy) -> bool:
    """Return whether the strategy has one CPU, so that its batches need not be copied.

    A distributed dataset copies batches to its devices. Its first iterator makes TensorFlow 2.21 set glibc's
    M_MMAP_THRESHOLD to 128 KB for the rest of the process. Each larger tensor is then new memory from the
    system, which doubles the time of a training step on a CPU.
    """
    (device, *others) = strategy.extended.worker_devices
    return "CPU" in device and not others


@functools.lru_cache(maxsize=2)
def _epoch_order(num_images: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, _SHUFFLE, epoch]).permutation(num_images)
