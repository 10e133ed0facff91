"""Batches: pure functions of (seed, step), every image once an epoch, read one batch at a time."""

from __future__ import annotations

import json
import resource
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data import batches
from dcgan_tf.training.strategy import make_strategy


def numbered(count: int, height: int = 2, width: int = 3) -> np.ndarray:
    """Return images that show their own number, darker to the left, so that a flip can be seen."""
    images = np.zeros((count, height, width, 1), np.uint8)
    images[:] = np.arange(count, dtype=np.uint8)[:, None, None, None]
    images[:, :, 0] += 100
    return images


def indices(step: int, *, num_images: int = 10, batch_size: int = 3, seed: int = 0) -> list[int]:
    return batches.batch_indices(step, num_images=num_images, batch_size=batch_size, seed=seed).tolist()


# Indices


def test_steps_per_epoch_leave_the_remainder_out():
    assert batches.steps_per_epoch(10, 3) == 3
    assert batches.steps_per_epoch(9, 3) == 3
    assert batches.steps_per_epoch(3, 3) == 1


def test_fewer_images_than_a_batch_are_refused_with_both_numbers():
    message = (
        "found 5 images, fewer than one batch of 8; add images, or lower the batch size with --batch-size, "
        "to at most 5"
    )
    with pytest.raises(ValueError, match=message):
        batches.steps_per_epoch(5, 8)
    with pytest.raises(ValueError, match=message):
        indices(0, num_images=5, batch_size=8)
    # There is no batch of one image.
    with pytest.raises(ValueError, match=r"found 1 image, fewer than one batch of 8; add images$"):
        batches.steps_per_epoch(1, 8)


@pytest.mark.parametrize("num_images", [12, 13, 14])
def test_an_epoch_takes_every_image_at_most_once_and_fills_every_batch(num_images):
    for epoch in range(3):
        seen = [i for step in range(4) for i in indices(4 * epoch + step, num_images=num_images)]
        assert len(seen) == 12
        assert len(set(seen)) == 12
        assert set(seen) <= set(range(num_images))


def test_what_one_epoch_leaves_out_another_takes():
    left_out = [
        set(range(10)) - {i for step in range(3) for i in indices(3 * epoch + step)} for epoch in range(20)
    ]
    assert {len(one) for one in left_out} == {1}
    assert len(set.union(*left_out)) > 5


def test_indices_do_not_depend_on_what_was_asked_before():
    forwards = [indices(step) for step in range(12)]
    batches._epoch_order.cache_clear()
    assert [indices(step) for step in reversed(range(12))] == forwards[::-1]
    batches._epoch_order.cache_clear()
    np.random.seed(1)
    assert indices(7) == forwards[7]


def test_epochs_and_seeds_have_orders_of_their_own():
    def order(epoch: int, seed: int) -> tuple[int, ...]:
        return tuple(indices(epoch, num_images=50, batch_size=50, seed=seed))

    orders = {order(epoch, seed) for epoch in range(5) for seed in range(5)}
    assert len(orders) == 25
    assert all(sorted(one) == list(range(50)) for one in orders)


def test_every_place_in_an_epoch_is_equally_likely():
    firsts = np.array([indices(epoch, num_images=10, batch_size=10)[0] for epoch in range(2000)])
    counts = np.bincount(firsts, minlength=10)
    # Chi-squared with 9 degrees of freedom exceeds 33 once in ten thousand.
    assert ((counts - 200) ** 2 / 200).sum() < 33


def test_a_step_far_away_is_reached_at_once():
    assert len(indices(10**12, num_images=1000, batch_size=10)) == 10


# Batches


def test_a_batch_is_the_images_of_its_indices():
    images = numbered(10)
    taken = batches.batch(images, 4, batch_size=3, seed=5)
    assert taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, images[indices(4, seed=5)])


def test_flipping_turns_some_images_and_only_left_to_right():
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 5, 3), dtype=np.uint8)
    plain = batches.batch(images, 0, batch_size=64, seed=0)
    flipped = batches.batch(images, 0, batch_size=64, seed=0, flip=True)
    turned = [(one == two[:, ::-1]).all() for one, two in zip(flipped, plain, strict=True)]
    kept = [(one == two).all() for one, two in zip(flipped, plain, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))  # each image is either
    # Of 64 fair coins, 12 to 52 heads; outside once in a million.
    assert 12 <= sum(turned) <= 52


def test_flips_depend_on_the_step_and_the_seed_but_not_on_the_images_place_in_the_array():
    def turned(step: int, seed: int, count: int = 40) -> tuple[bool, ...]:
        images = np.zeros((count, 1, 2, 1), np.uint8)
        images[:, :, 1] = 1
        taken = batches.batch(images, step, batch_size=40, seed=seed, flip=True)
        return tuple(bool(image[0, 0, 0]) for image in taken)

    assert turned(3, 0) == turned(3, 0)
    assert len({turned(step, seed) for step in range(3) for seed in range(3)}) == 9
    # Which image meets which coin is the shuffling's business.
    assert turned(0, 0, count=40) == turned(0, 0, count=55)


def test_flipping_leaves_the_images_themselves_alone():
    images = numbered(10)
    before = images.copy()
    batches.batch(images, 0, batch_size=10, seed=0, flip=True)
    np.testing.assert_array_equal(images, before)


def test_a_memory_mapped_array_gives_the_same_batches(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 5, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    for step in range(10):
        from_map = batches.batch(mapped, step, batch_size=7, seed=1, flip=True)
        assert type(from_map) is np.ndarray
        np.testing.assert_array_equal(from_map, batches.batch(images, step, batch_size=7, seed=1, flip=True))


# On the devices


def take(strategy, count: int, **arguments) -> list[list[np.ndarray]]:
    """Return the shares of each replica, for some batches."""
    drawn = iter(batches.distributed_batches(strategy, **arguments))
    return [
        [share.numpy() for share in strategy.experimental_local_results(next(drawn))] for _ in range(count)
    ]


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("finished_steps", [0, 5])
def test_the_shares_of_the_replicas_make_up_the_batch_of_their_step(finished_steps, replicas):
    images = np.random.default_rng(0).integers(0, 256, (30, 4, 5, 3), dtype=np.uint8)
    strategy = make_strategy(replicas)
    found = take(strategy, 8, images=images, batch_size=6, seed=3, flip=True, finished_steps=finished_steps)
    for step, shares in enumerate(found, start=finished_steps):
        assert [len(share) for share in shares] == [6 // replicas] * replicas
        expected = batches.batch(images, step, batch_size=6, seed=3, flip=True)
        np.testing.assert_array_equal(np.concatenate(shares), expected)


class Read:
    """An array of images that remembers which of them were read."""

    def __init__(self, images: np.ndarray) -> None:
        self._images, self.shape, self.rows = images, images.shape, []

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        self.rows += rows.tolist()
        return self._images[rows]


class Machines:
    """Stands for a strategy over several machines, of which this is one; each has so many devices."""

    def __init__(self, machine: int, machines: int, devices: list[str]) -> None:
        self._place, self.num_replicas_in_sync = (machine, machines), machines * len(devices)
        self.extended = SimpleNamespace(worker_devices=devices)

    def distribute_datasets_from_function(self, dataset, options):
        machine, machines = self._place
        return dataset(tf.distribute.InputContext(machines, machine, self.num_replicas_in_sync))


@pytest.mark.parametrize("devices", [["CPU:0"], ["GPU:0", "GPU:1"]])
def test_each_machine_reads_its_own_share_of_each_batch_and_no_other_image(devices):
    images = np.random.default_rng(0).integers(0, 256, (60, 4, 5, 3), dtype=np.uint8)
    labels = np.arange(60)
    of_machines, of_labels, read = [], [], []
    for machine in range(3):
        seen = Read(images)
        dataset = batches.distributed_batches(
            Machines(machine, 3, devices),
            seen,
            labels=labels,
            batch_size=12,
            seed=3,
            flip=True,
            finished_steps=2,
            worker=machine,
            workers=3,
        )
        drawn = list(dataset.take(2 * len(devices)).as_numpy_iterator())  # two steps
        of_machines.append([taken for taken, _ in drawn])
        of_labels.append([shown for _, shown in drawn])
        read.append(seen.rows[: 2 * 4])  # without what was fetched ahead
    for step in range(2):
        first, end = step * len(devices), (step + 1) * len(devices)
        shares = [share for machine in of_machines for share in machine[first:end]]
        expected = batches.batch(images, step + 2, batch_size=12, seed=3, flip=True)
        np.testing.assert_array_equal(np.concatenate(shares), expected)
        chosen = batches.batch_indices(step + 2, num_images=60, batch_size=12, seed=3)
        shown = [share for machine in of_labels for share in machine[first:end]]
        np.testing.assert_array_equal(np.concatenate(shown), labels[chosen])
    assert sum(map(len, map(set, read))) == len(set().union(*read)) == 2 * 12


@pytest.mark.parametrize("replicas", [1, 2])
def test_labels_come_with_their_images(replicas):
    labels = np.arange(30, dtype=np.int64) * 7 % 11
    images = np.broadcast_to(labels[:, None, None, None], (30, 4, 5, 3)).astype(np.uint8)
    strategy = make_strategy(replicas)
    drawn = iter(
        batches.distributed_batches(
            strategy, images, labels=labels, batch_size=6, seed=3, flip=True, finished_steps=4
        )
    )
    for _ in range(6):
        local = map(strategy.experimental_local_results, next(drawn))
        for taken, shown in zip(*local, strict=True):
            np.testing.assert_array_equal(taken.numpy()[:, 0, 0, 0], shown.numpy())


@pytest.mark.parametrize("replicas", [1, 2])
def test_no_iterator_has_a_tuner_whose_sleep_would_hold_up_the_end_of_a_run(replicas, monkeypatch):
    tuned, iterate = [], tf.data.Dataset.__iter__

    def watched(dataset):
        tuned.append(dataset.options().autotune.enabled)
        return iterate(dataset)

    monkeypatch.setattr(tf.data.Dataset, "__iter__", watched)
    strategy = make_strategy(replicas)
    take(strategy, 1, images=numbered(10), batch_size=4, seed=0, flip=False, finished_steps=0)
    assert tuned == [False] * replicas


def test_shapes_are_known_before_a_batch_is_read():
    strategy = make_strategy(1)
    dataset = batches.distributed_batches(
        strategy, numbered(10), batch_size=4, seed=0, flip=False, finished_steps=0
    )
    assert dataset.element_spec == tf.TensorSpec((4, 2, 3, 1), tf.uint8)


def test_a_batch_that_cannot_be_shared_equally_is_refused():
    strategy = make_strategy(2)
    with pytest.raises(ValueError, match="batch_size must be a multiple of the 2 replicas, received 7"):
        batches.distributed_batches(
            strategy, numbered(10), batch_size=7, seed=0, flip=False, finished_steps=0
        )


def test_memory_does_not_grow_with_the_array(mortals, tmp_path):
    """Read the same number of batches from 20 MB and from 2 GB: the process must hardly become larger.

    Both files are holes, so that they take no room on the disk. The mapped pages of the images that were read
    do count as memory of the process: 20 batches of 32 images of 12 KB are 8 MB, and with what the system
    maps around each of them some 50.
    """
    ended = mortals.run(write_peaks, tmp_path)
    assert ended.code == 0, ended.output
    small, large = json.loads((tmp_path / "peaks.json").read_text())
    assert large - small < 200


def write_peaks(folder):
    """Write the most megabytes of this process after it has read from a small file, and then from a large."""
    peaks = [peak_after_reading(folder / str(megabytes), megabytes) for megabytes in (20, 2000)]
    (folder / "peaks.json").write_text(json.dumps(peaks))


def peak_after_reading(path, megabytes):
    with path.open("wb") as file:
        file.truncate(megabytes * 2**20)
    count = megabytes * 2**20 // (64 * 64 * 3)
    images = np.memmap(path, np.uint8, "r", shape=(count, 64, 64, 3))
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    drawn = iter(
        batches.distributed_batches(strategy, images, batch_size=32, seed=0, flip=True, finished_steps=0)
    )
    for _ in range(20):
        next(drawn)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
