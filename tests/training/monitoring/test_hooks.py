"""Pictures of a run: when they are made, and of what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import images
from dcgan_tf.config import Config
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.training.monitoring.hooks import MAX_FRAMES, SampleHook, TrainingProgress, save_progress
from dcgan_tf.training.state import TrainState, create_train_state


@pytest.fixture(scope="module")
def state(tiny_config: Callable[..., Config]) -> TrainState:
    return create_train_state(tiny_config())


def shown_steps(paths: RunPaths) -> list[int]:
    return sorted(int(file.stem.removeprefix("step-")) for file in paths.samples.glob("step-*.png"))


def frames_of(paths: RunPaths) -> int:
    with Image.open(paths.progress) as picture:
        return picture.n_frames


def test_grids_are_made_when_due_after_epochs_one_and_five_and_at_the_end(trained: Path) -> None:
    # Every 20 steps; 9 steps are an epoch; 50 are all.
    paths = RunPaths(trained)
    assert shown_steps(paths) == [9, 20, 40, 45, 50]
    assert frames_of(paths) == 5


def test_grids_show_the_same_latents_again(
    tmp_path: Path, tiny_config: Callable[..., Config], state: TrainState
) -> None:
    paths = RunPaths(tmp_path)
    hook = SampleHook(tiny_config(), state, paths, [], every=2)
    for step in (2, 3, 4):
        hook.after_step(TrainingProgress(step, 100, 50, state))
    assert shown_steps(paths) == [2, 4]
    first, second = (paths.sample_grid(step).read_bytes() for step in (2, 4))
    assert first == second
    assert not paths.progress.exists()


def test_grids_are_64_images_and_reach_the_writers(
    tmp_path: Path, tiny_config: Callable[..., Config], state: TrainState
) -> None:
    class Collecting:
        def __init__(self) -> None:
            self.grids: dict[int, np.ndarray] = {}

        def write_samples(self, step: int, grid: np.ndarray) -> None:
            self.grids[step] = grid

    writer = Collecting()
    SampleHook(tiny_config(), state, RunPaths(tmp_path), [writer], every=2).after_step(
        TrainingProgress(2, 100, 50, state)
    )
    # Eight by eight images of 16 pixels, and gaps of 2 around each.
    side = 4 * (8 * 18 + 2)  # 64 images of 16 pixels and their gaps, enlarged to 512 pixels or more
    assert writer.grids[2].shape == (side, side, 1)
    with Image.open(RunPaths(tmp_path).sample_grid(2)) as picture:
        np.testing.assert_array_equal(np.asarray(picture)[..., None], writer.grids[2])


def test_a_run_that_is_asked_to_stop_shows_where_it_stopped(
    tmp_path: Path, tiny_config: Callable[..., Config], state: TrainState
) -> None:
    paths = RunPaths(tmp_path)
    hook = SampleHook(tiny_config(), state, paths, [], every=10)
    hook.after_step(TrainingProgress(10, 100, 50, state))
    hook.after_step(TrainingProgress(13, 100, 50, state, stopping=True))
    assert shown_steps(paths) == [10, 13]
    assert paths.progress.exists()


def test_never_means_never(tmp_path: Path, tiny_config: Callable[..., Config], state: TrainState) -> None:
    SampleHook(tiny_config(), state, RunPaths(tmp_path), [], every=0).after_step(
        TrainingProgress(50, 50, 50, state)
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("grids", "frames"), [(1, 1), (7, 7), (60, 60), (150, MAX_FRAMES)])
def test_the_animation_has_a_frame_for_every_grid_up_to_sixty(
    tmp_path: Path, grids: int, frames: int
) -> None:
    paths = RunPaths(tmp_path)
    for step in range(1, grids + 1):
        images.save_png(paths.sample_grid(step), np.full((30, 120, 3), step, np.uint8))
    save_progress(paths, steps_per_epoch=9)
    assert frames_of(paths) == frames
    with Image.open(paths.progress) as picture:
        shades = []
        for frame in range(frames):
            picture.seek(frame)
            shades.append(picture.convert("RGB").getpixel((2, 2))[0])
    assert shades[0] == pytest.approx(1, abs=2)
    assert shades[-1] == pytest.approx(grids, abs=2)
    assert shades == sorted(shades)


def test_grids_that_are_no_pictures_are_set_aside_and_other_files_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = RunPaths(tmp_path)
    for step in (1, 2, 3):
        images.save_png(paths.sample_grid(step), np.full((30, 120, 3), step, np.uint8))
    paths.sample_grid(2).write_bytes(paths.sample_grid(1).read_bytes()[:60])
    for name in ("step-000003 2.png", "step-x9.png", "step-000004.png"):
        (paths.samples / name).write_bytes(b"")
    save_progress(paths, steps_per_epoch=9)
    assert frames_of(paths) == 2
    assert sorted(path.name for path in paths.samples.glob("damaged-*")) == [
        "damaged-step-000002.png",
        "damaged-step-000004.png",
    ]
    assert "step-000002.png is no picture; set aside as damaged-step-000002.png" in caplog.text
