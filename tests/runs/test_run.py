"""A run, opened for reading."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dcgan_tf import images
from dcgan_tf.config import replace, to_json
from dcgan_tf.errors import ArgumentError, DataError, OutOfMemoryError, RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config
from dcgan_tf.runs.run import Run, in_batches
from dcgan_tf.training.state import TrainState, create_train_state


@pytest.fixture(scope="module")
def run(trained: Path) -> Run:
    return Run.open(trained)


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def test_newest_checkpoint_is_read(run: Run, trained: Path) -> None:
    assert run.step == 50
    assert run.path == trained
    assert run.config.model.latent_dim == 4


@pytest.mark.parametrize("num", [1, 5, 64, 65, 130])
def test_image_i_is_the_same_however_many_are_drawn(run: Run, num: int) -> None:
    # Batches of one fixed size: matrix products of other sizes round differently.
    drawn = run.sample(num, seed=7)
    assert drawn.shape == (num, 16, 16, 1)
    assert drawn.dtype == np.uint8
    np.testing.assert_array_equal(drawn, run.sample(130, seed=7)[:num])


def test_gpus_take_batches_of_the_same_size_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two logical CPUs stand for two GPUs.
    monkeypatch.setattr("dcgan_tf.runs.run._devices", lambda: ["CPU:0", "CPU:1"])
    seen: list[tuple[float, str, int]] = []

    def compute(rows: np.ndarray) -> np.ndarray:
        doubled = tf.constant(rows) * 2
        seen.append((float(rows[0, 0]), doubled.device[-5:], len(rows)))
        return doubled.numpy()

    rows = np.arange(200.0)[:, None]
    np.testing.assert_array_equal(in_batches(compute, rows), 2 * rows)
    assert sorted(seen) == [(0, "CPU:0", 64), (64, "CPU:1", 64), (128, "CPU:0", 64), (192, "CPU:1", 64)]


def test_images_are_computed_in_batches_of_one_size(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # On so small a generator the rounding of other sizes does not reach the pixels; the cause can be seen.
    sizes = []

    def generator(z: np.ndarray) -> np.ndarray:
        sizes.append(len(z))
        return np.zeros((len(z), 16, 16, 1))

    monkeypatch.setattr("dcgan_tf.models.compiled", lambda network: network)
    recording = dataclasses.replace(run, generator=generator)
    for num in (1, 64, 65, 130):
        assert recording.sample(num).shape == (num, 16, 16, 1)
    assert sizes == [64] * (1 + 1 + 2 + 3)


def test_seeds_differ(run: Run) -> None:
    assert (run.sample(4, seed=0) != run.sample(4, seed=1)).any()


def test_samples_are_the_generators_images_of_the_latents(run: Run) -> None:
    latents = run.latents(3, seed=5)
    assert latents.shape == (3, 4)
    expected = np.rint((np.asarray(run.generator(latents, training=False)) + 1) * 127.5)
    np.testing.assert_allclose(run.generate(latents).astype(float), expected, atol=1)
    np.testing.assert_array_equal(run.generate(latents), run.sample(3, seed=5))


def test_no_latents_give_no_images_of_the_same_kind(run: Run) -> None:
    nothing = run.generate(run.latents(3, seed=5)[:0])
    some = run.sample(2)
    assert nothing.shape == (0, *some.shape[1:])
    assert nothing.dtype == np.uint8


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_latents_that_are_not_finite_are_refused_and_not_drawn_black(run: Run, value: float) -> None:
    latents = run.latents(3, seed=5)
    latents[1, 2] = value
    with pytest.raises(ValueError, match="latents must be finite numbers"):
        run.generate(latents)


def whole_state(run_dir: Path, step: int) -> TrainState:
    state = create_train_state(read_config(run_dir))
    state.checkpoint().read(CheckpointStore(RunPaths(run_dir).checkpoints).prefix(step)).assert_consumed()
    return state


def assert_equal_weights(found: keras.Model, expected: keras.Model) -> None:
    for weight, other in zip(found.variables, expected.variables, strict=True):
        np.testing.assert_array_equal(weight.numpy(), other.numpy())


def test_raw_generator_is_another_than_the_averaged(run: Run, trained: Path) -> None:
    raw, state = Run.open(trained, ema=False), whole_state(trained, 50)
    assert_equal_weights(run.generator, state.generator_ema)
    assert_equal_weights(raw.generator, state.generator)
    assert_equal_weights(run.discriminator, state.discriminator)
    assert (raw.sample(4) != run.sample(4)).any()


def test_a_wanted_checkpoint_is_the_one_that_is_read(run: Run, trained: Path) -> None:
    earlier = Run.open(trained, checkpoint=20)
    assert earlier.step == 20
    assert_equal_weights(earlier.generator, whole_state(trained, 20).generator_ema)
    assert (earlier.sample(4) != run.sample(4)).any()


def test_an_unknown_checkpoint_is_refused_with_those_there_are(trained: Path) -> None:
    with pytest.raises(RunError, match=r"no checkpoint of step 21; it has: 20, 40, 45, 50$"):
        Run.open(trained, checkpoint=21)


def test_grid_made_in_training_is_what_sampling_shows(trained: Path) -> None:
    # The latents of the run's own seed, the averaged generator, inference mode.
    for step in (20, 40, 45, 50):
        opened = Run.open(trained, checkpoint=step)
        expected = images.sheet(opened.sample(64, seed=opened.config.training.seed))
        with Image.open(RunPaths(trained).sample_grid(step)) as picture:
            np.testing.assert_array_equal(np.asarray(picture)[..., None], expected)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 4, 1)])
def test_latents_of_another_shape_are_refused(run: Run, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"latents must have shape \[N, 4\], received \["):
        run.generate(np.zeros(shape))


def test_no_image_at_all_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="at least 1, received 0"):
        run.sample(0)


def test_discriminator_gives_probabilities(run: Run) -> None:
    probabilities = np.asarray(run.discriminator(np.zeros((3, 16, 16, 1)), training=False))
    assert probabilities.shape == (3, 1)
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_a_damaged_newest_checkpoint_is_named_and_left_where_it_is(
    copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = copy / "checkpoints" / "ckpt-50.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    before = sorted(copy.rglob("*"))
    assert Run.open(copy).step == 45
    assert "the checkpoint of step 50 is damaged" in caplog.text
    assert sorted(copy.rglob("*")) == before
    with pytest.raises(RunError, match=r"the checkpoint of step 50 .* is damaged"):
        Run.open(copy, checkpoint=50)


def test_only_damaged_checkpoints_are_an_error(copy: Path) -> None:
    for index in (copy / "checkpoints").glob("*.index"):
        index.write_bytes(b"")
    with pytest.raises(RunError, match="none of the 4 checkpoints"):
        Run.open(copy)


def test_a_run_without_checkpoints_is_an_error(copy: Path) -> None:
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(RunError, match="no checkpoint yet; train this run first"):
        Run.open(copy)


def test_a_folder_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is not a run directory: it has no config\.json"):
        Run.open(tmp_path)


def test_a_run_is_read_while_it_saves(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, going_on = CheckpointStore(copy / "checkpoints"), True
    state = whole_state(copy, 50)

    def save() -> None:
        for step in itertools.count(51):
            if not going_on:
                return
            store.save(state.checkpoint(), step)

    saver = threading.Thread(target=save)
    saver.start()
    try:
        opened = [Run.open(copy).step for _ in range(10)]
    finally:
        going_on = False
        saver.join()
    assert opened == sorted(opened)
    assert opened[-1] > 50
    assert not list(copy.rglob("damaged-*"))
    assert "damaged" not in caplog.text


def test_a_checkpoint_that_is_removed_while_it_is_read_is_no_error(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, damage = CheckpointStore(copy / "checkpoints"), CheckpointStore.damage

    def then_removed(self: CheckpointStore, step: int) -> str | None:
        problem = damage(self, step)
        if step == 50:
            state = whole_state(copy, 50)
            CheckpointStore(store.directory, keep_last=1).save(state.checkpoint(), 51)
        return problem

    monkeypatch.setattr(CheckpointStore, "damage", then_removed)
    assert Run.open(copy).step == 51
    assert caplog.text == ""


@pytest.mark.parametrize("step", [None, 50])
def test_a_checkpoint_that_is_half_written_is_waited_for(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: int | None
) -> None:
    data = copy / "checkpoints" / "ckpt-50.data-00000-of-00001"
    whole = data.read_bytes()
    data.write_bytes(whole[:100])
    monkeypatch.setattr("dcgan_tf.runs.restoring.time.sleep", lambda _: data.write_bytes(whole))
    assert Run.open(copy, checkpoint=step).step == 50
    assert caplog.text == ""


def test_the_images_may_be_elsewhere_now_if_they_are_the_same(copy: Path) -> None:
    config, paths = read_config(copy), RunPaths(copy)
    paths.config.write_text(to_json(replace(config, data="/gone/away")))
    assert Run.open(copy).config.data.spec == "/gone/away"
    assert Run.open(copy, data="digits").config == config
    with pytest.raises(RunError, match="was trained on other images"):
        Run.open(copy, data="portraits")
    with pytest.raises(DataError, match="an existing folder of images"):
        Run.open(copy, data="/gone/too")


def test_room_for_all_images_is_asked_for_before_they_are_drawn():
    drawn = []

    def enormous(batch: np.ndarray) -> np.ndarray:
        drawn.append(len(batch))
        return np.broadcast_to(np.uint8(0), (64, 2**22, 2**20, 3))

    said = r"not enough memory for 6,400 images, 84,\d+,?\d*\.\d GB; ask for fewer"
    with pytest.raises(OutOfMemoryError, match=said):
        in_batches(enormous, np.zeros((6400, 1)))
    assert drawn == [64]


@pytest.mark.parametrize(
    ("settings", "ema", "expected"),
    [
        ({}, True, "averaged weights (EMA)"),
        ({}, False, "raw weights"),
        ({"ema_decay": 0.0}, True, "raw weights"),
        ({"ema_images": 5000}, True, "averaged weights (EMA)"),
    ],
)
def test_weights_are_named_by_how_they_were_averaged(settings, ema, expected, tiny_config) -> None:
    run = Run(Path("run"), tiny_config(**settings), 0, None, None, (), ema=ema)
    assert run.weights == expected


def test_a_run_fixed_to_a_class_does_not_say_that_it_was_trained_without_classes(run: Run) -> None:
    fixed = dataclasses.replace(run, class_names=("cat", "dog"), label=1)
    for ask in (
        lambda: fixed.of_class(0),
        lambda: fixed.sample(2, labels=[1]),
        lambda: fixed.generate(fixed.latents(1), np.array([1])),
    ):
        with pytest.raises(ArgumentError, match="fixed to the class dog by of_class"):
            ask()


def test_arguments_of_a_wrong_kind_are_refused_in_a_sentence(run: Run) -> None:
    for ask, said in (
        (lambda: Run.open(None), "path of a folder must be text or a Path, received None"),
        (lambda: Run.open(b"runs/faces"), "path of a folder must be text or a Path"),
        (lambda: run.sample("3"), "must be a whole number from 0, received '3'"),
        (lambda: run.sample(1, truncation="0.5"), "at most 1, received '0.5'"),
        (lambda: run.sample(1, truncation=None), "at most 1, received None"),
        (lambda: run.generate([[0.0] * 4, [0.0]]), r"numbers of shape \[N, 4\]"),
        (lambda: run.generate("a photograph"), r"numbers of shape \[N, 4\]"),
    ):
        with pytest.raises(ArgumentError, match=said):
            ask()
