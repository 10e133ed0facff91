"""Conditional runs: what is drawn of a class looks like its images, and resuming keeps to that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.analysis.subject import Subject
from dcgan_tf.cli import main
from dcgan_tf.cli.options import chosen_labels, one_label
from dcgan_tf.config import Config, replace
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.images import save_png
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train

STEPS = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of dark, grey and bright pictures, in classes of those names."""
    root = tmp_path_factory.mktemp("levels")
    rng = np.random.default_rng(0)
    for name, level in (("bright", 230), ("dark", 25), ("grey", 128)):
        for i in range(40):
            shade = np.full((16, 16, 1), level) + rng.integers(-20, 21, (16, 16, 1))
            save_png(root / name / f"{i}.png", shade.astype(np.uint8))
    return root


@pytest.fixture(scope="module", params=["dcgan", "gan"])
def run_dir(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    folder: Path,
    tiny_config: Callable[..., Config],
) -> Path:
    """Return a run whose classes can be told apart, of each architecture."""
    return train(
        tiny_config(
            architecture=request.param,
            conditional=True,
            data=str(folder),
            split="train",
            flip=False,
            filters=8,
            hidden_units=32,
            learning_rate=2e-3,
            ema_decay=0.9,
            steps=STEPS,
            sample_every=STEPS,
            run_dir=str(tmp_path_factory.mktemp("runs") / request.param),
        )
    )


def test_samples_of_a_class_have_its_brightness(run_dir: Path) -> None:
    run = Run.open(run_dir)
    assert run.class_names == ("bright", "dark", "grey")
    bright, dark, grey = (run.sample(32, labels=[label]).mean() for label in range(3))
    assert dark + 40 < grey < bright - 40


def test_classes_are_taken_in_turn_and_image_i_stays_the_same(run_dir: Path) -> None:
    run = Run.open(run_dir)
    drawn = run.sample(7, seed=3)
    expected = run.generate(run.latents(7, seed=3), np.array([0, 1, 2, 0, 1, 2, 0]))
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(run.sample(4, seed=3), drawn[:4])
    np.testing.assert_array_equal(
        run.sample(2, seed=3, labels=[2, 1]), run.generate(run.latents(2, seed=3), np.array([2, 1]))
    )


def test_a_run_of_one_class_draws_that_class(run_dir: Path) -> None:
    run = Run.open(run_dir)
    np.testing.assert_array_equal(run.of_class(1).sample(5), run.sample(5, labels=[1]))
    with pytest.raises(ValueError, match="without --conditional"):
        run.of_class(1).of_class(1)


def test_the_grid_has_one_row_for_each_class(run_dir: Path, tmp_path: Path) -> None:
    grid = np.asarray(Image.open(RunPaths(run_dir).sample_grid(STEPS)))
    third = grid.shape[0] // 3
    bright, dark, grey = (grid[i * third : (i + 1) * third].mean() for i in range(3))
    assert dark < grey < bright
    done = CliRunner().invoke(
        main, ["sample", str(run_dir), "--labels", "dark,0", "--out", str(tmp_path / "a.png")]
    )
    assert done.exit_code == 0, done.output
    assert "64 images of step 200, the last (dark, bright)" in done.output
    upper, lower = np.array_split(np.asarray(Image.open(tmp_path / "a.png")), 2)
    assert upper.mean() < lower.mean()


def test_with_numbers_it_has_too(run_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "numbered.png"
    done = CliRunner().invoke(
        main, ["sample", str(run_dir), "--labels", "dark,bright", "-n", "4", "--numbers", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    upper, lower = np.array_split(np.asarray(Image.open(out))[2:], 2)
    assert upper.shape == lower.shape == (48 + 16 + 2, 2 * (48 + 2) + 2)
    dark, bright = ([row[:48, left : left + 48].mean() for left in (2, 52)] for row in (upper, lower))
    assert max(dark) < min(bright)


def test_only_classes_that_were_drawn_are_named(run_dir: Path, tmp_path: Path) -> None:
    for num, words in (
        (1, "1 image of step 200, the last (bright) ->"),
        (2, "2 images of step 200, the last (bright, dark) ->"),
    ):
        done = CliRunner().invoke(
            main, ["sample", str(run_dir), "-n", str(num), "--out", str(tmp_path / "a.npy")]
        )
        assert words in done.output


def test_a_resumed_run_equals_an_uninterrupted_one(
    folder: Path, tmp_path: Path, tiny_config: Callable[..., Config], read_checkpoint: Callable[..., dict]
) -> None:
    settings = {"conditional": True, "data": str(folder), "split": "train", "image_size": (8, 8)}
    config = tiny_config(**settings, steps=6, checkpoint_every=3, run_dir=str(tmp_path / "whole"))
    whole, parts = train(config), tmp_path / "parts"
    shutil.copytree(whole, parts)
    for file in (parts / "checkpoints").glob("ckpt-6.*"):
        file.unlink()
    train(replace(config, run_dir=str(parts)))
    expected, found = read_checkpoint(whole, 6), read_checkpoint(parts, 6)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.parametrize("label", [0.5, float("nan"), "dark", None, [1]])
def test_a_label_is_a_whole_number(run_dir: Path, label: object) -> None:
    run = Run.open(run_dir)
    for draw in (
        lambda: run.sample(2, labels=[label, 0]),
        lambda: run.generate(run.latents(2), [label, 0]),
        lambda: run.of_class(label),
    ):
        with pytest.raises(
            ArgumentError, match=r"expected labels from 0 to 2 .*, in a list of whole numbers"
        ):
            draw()
    for labels in (1, "1", {1}, iter([1]), [[0, 1]]):
        with pytest.raises(ArgumentError, match="in a list of whole numbers, received"):
            run.sample(2, labels=labels)


def test_whole_numbers_of_every_kind_are_labels(run_dir: Path) -> None:
    run = Run.open(run_dir)
    expected = run.sample(3, labels=[1, 0])
    for labels in (
        [1.0, 0.0],
        [True, False],
        np.array([1, 0], np.uint8),
        np.array([1.0, 0.0]),
        range(1, -1, -1),
    ):
        np.testing.assert_array_equal(run.sample(3, labels=labels), expected)
        np.testing.assert_array_equal(run.generate(run.latents(2), labels), expected[:2])
    np.testing.assert_array_equal(run.of_class(True).sample(3), run.sample(3, labels=[1]))


def test_no_latents_and_no_labels_give_no_images(run_dir: Path) -> None:
    run = Run.open(run_dir)
    assert run.generate(run.latents(0), []).shape == (0, *run.sample(1).shape[1:])


def test_labels_are_needed_and_must_exist(run_dir: Path, trained: Path) -> None:
    run = Run.open(run_dir)
    with pytest.raises(ValueError, match=r"expected labels from 0 to 2 \(bright, dark, grey\)"):
        run.generate(run.latents(2))
    with pytest.raises(ValueError, match="there is no class 3"):
        run.sample(2, labels=[3])
    with pytest.raises(ValueError, match="trained without --conditional"):
        Run.open(trained).sample(2, labels=[0])


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (None, ("cat", "dog"), [0, 1]),
        (None, (), []),
        ("dog", ("cat", "dog"), [1]),
        ("1,cat", ("cat", "dog"), [1, 0]),
        ("1", ("7", "1"), [1]),  # a name comes before a number
        ("0", ("7", "1"), [0]),
    ],
)
def test_classes_are_chosen_by_name_or_number(
    text: str | None, names: tuple[str, ...], expected: list[int]
) -> None:
    assert chosen_labels(text, names) == expected


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        ("2", ("cat", "dog"), "there is no class '2': expected one of cat, dog, or a number from 0 to 1"),
        ("cow", ("cat", "dog"), "there is no class 'cow'"),
        ("cat,0", ("cat", "dog"), "each class can be given once"),
        ("7", (), "needs a run trained with --conditional"),
    ],
)
def test_a_class_that_cannot_be_drawn_is_refused(text: str, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chosen_labels(text, names)


def test_images_without_labels_are_refused_before_anything_is_written(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(
        conditional=True, data="portraits", channels=3, image_size=(16, 16), run_dir=str(tmp_path / "run")
    )
    with pytest.raises(ValueError, match="--conditional needs images of at least two classes"):
        train(config)
    assert not (tmp_path / "run").exists()


def test_a_run_whose_classes_are_lost_says_so(run_dir: Path, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    copied.mkdir()
    (copied / "config.json").write_text((run_dir / "config.json").read_text())
    (copied / "checkpoints").symlink_to(run_dir / "checkpoints")
    with pytest.raises(RunError, match=r"data\.json does not name its classes"):
        Run.open(copied)


def test_an_analysis_of_a_conditional_run_wants_a_class(run_dir: Path) -> None:
    run = Run.open(run_dir)
    with pytest.raises(RunError, match=r"choose one with --label .* of bright, dark, grey"):
        Subject(run)
    assert Subject(run, of_all_classes=True).run is run
    protocol = Subject(run.of_class(1)).protocol(seed=0, num_images=1, started=0.0)
    assert protocol["class"] == "dark"


@pytest.mark.parametrize("run_dir", ["dcgan"], indirect=True)
@pytest.mark.usefixtures("quick_judges")
def test_the_walk_of_a_class_stays_in_it(run_dir: Path, tmp_path: Path) -> None:
    arguments = ["walk", str(run_dir), "--label", "dark", "-n", "44", "--points", "3", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "walk.gif") as picture:
        frame = np.asarray(picture.convert("L"), np.float64)
    assert np.median(frame[frame < 240]) < 100  # white margins apart, it is dark


def test_one_class_is_one_class() -> None:
    assert one_label("dog", ("cat", "dog")) == 1
    with pytest.raises(ValueError, match="takes one class here, received cat,dog"):
        one_label("cat,dog", ("cat", "dog"))
