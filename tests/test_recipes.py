"""The comparison of recipes: its table, and its second feature space."""

from __future__ import annotations

import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dcgan_tf import data
from dcgan_tf.cli.train import train
from dcgan_tf.config import DataConfig

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import photographs  # noqa: E402
import recipe_table  # noqa: E402
import recipes  # noqa: E402
import residual_space  # noqa: E402


def row(data="cifar10", recipe="default", seed=0, **cells):
    known = {"success": True, "final_distance": 4.0, "minutes": 1.0, "recall": 0.5, "images_asked": 1000}
    return {"data": data, "recipe": recipe, "seed": seed} | known | cells


def test_a_table_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "results" / "table.csv"
    for seed in (0, 1):
        recipe_table.add_row(file, row(seed=seed, options="--preset default"))
    assert [line["seed"] for line in recipe_table.read_table(file)] == ["0", "1"]
    other = file.with_name("other.csv")
    other.write_text("data,recipe\n")
    with pytest.raises(ValueError, match="other columns"):
        recipe_table.add_row(other, row())


def test_a_row_is_a_run_if_everything_that_decides_it_is_the_same(tmp_path):
    file = tmp_path / "table.csv"
    cell = recipes.Cell("digits", "small", 1, 1000, "--data digits --preset default --filters 16", 50)
    recipe_table.add_row(file, {"images_asked": 1000, **cell.key})
    (known,) = recipe_table.read_table(file)
    assert cell.is_in(known)
    for change in (
        {"seed": 2},
        {"images": 2000},
        {"samples": 60},
        {"options": "--data digits --preset default --filters 17"},
    ):
        assert not dataclasses.replace(cell, **change).is_in(known), change
    assert dataclasses.replace(cell, options=f"{cell.options} --sample-every 0").is_in(known)


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ("--preset default", 16),
        ("--preset paper", 8),
        ("--preset default --batch-size 32 --batch-size 16", 63),
        ("--preset default --discriminator-steps 2", 8),
        ("--preset auto", 63),  # 1,501 digits are few, which get batches of 16
    ],
)
def test_every_recipe_sees_the_same_number_of_images(options, steps):
    assert recipes.Cell("digits", "any", 0, 1000, f"--data digits {options}", 50).steps == steps


def test_the_summary_has_the_mean_of_the_seeds_and_begins_with_the_nearest(tmp_path):
    file = tmp_path / "table.csv"
    recipe_table.add_row(file, row(final_distance=4.0))
    recipe_table.add_row(file, row(seed=1, final_distance=6.0, success=False))
    recipe_table.add_row(file, row(recipe="auto", final_distance=2.0))
    recipe_table.add_row(file, row(recipe="gan", final_distance="", success=False))
    _, *lines = recipe_table.summary(recipe_table.read_table(file)).splitlines()
    assert [line.split()[1] for line in lines] == ["auto", "default", "gan"]
    recipe_table.add_row(file, row(images_asked=2000, final_distance=1.0))
    assert "5.00 ± 1.41" in lines[1]
    assert "1 of 2" in lines[1]
    assert lines[2].split()[2:6] == ["0", "of", "1", "-"]
    table = recipe_table.markdown(recipe_table.read_table(file))
    assert "| default | 1 of 2 | 5.00 ± 1.41 |" in table


@pytest.mark.parametrize("file", sorted((ROOT / "results").glob("*.csv")), ids=lambda file: file.name)
def test_the_best_of_a_run_is_its_end_or_better_than_it(file):
    for line in recipe_table.read_table(file):
        if line.get("final_distance"):
            best, final = float(line["best_distance"]), float(line["final_distance"])
            assert best == final if line["best_at_images"] == line["images_seen"] else best <= final, line


def test_a_run_that_goes_on_has_no_minutes(tmp_path, monkeypatch):
    """Those of the earlier process are not known."""

    def train(command: list[str], **_: object) -> SimpleNamespace:
        folder = Path(command[command.index("--run-dir") + 1])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text("{}")
        return SimpleNamespace(returncode=recipes.OF_COLLAPSE, stderr="")

    monkeypatch.setattr(subprocess, "run", train)
    cell = recipes.Cell("digits", "small", 1, 1000, "--data digits --preset default --filters 16", 50)
    for number, has_minutes in enumerate((True, False)):  # the table was lost in between
        (made,) = recipes.rows_of([cell], tmp_path / "runs", tmp_path / f"{number}.csv")
        assert bool(made["minutes"]) == has_minutes


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_is_one_that_train_takes(name):
    words = shlex.split(f"{recipes.RECIPES[name]} --data digits --filters 16 --steps 1")
    assert train.make_context("train", words, obj=None).params


def test_the_residual_network_tells_digits_apart_and_is_trained_once(tmp_path, monkeypatch):
    monkeypatch.setattr(residual_space, "FEWEST_STEPS", 250)
    images = data.load_data(DataConfig("digits", image_size=(8, 8), channels=1))
    space = residual_space.residual_space(images, images, tmp_path)
    assert space is not None
    assert space.accuracy > 0.5
    monkeypatch.setattr(residual_space, "_train", lambda *_, **__: pytest.fail("trained again"))
    again = residual_space.residual_space(images, images, tmp_path)
    assert again is not None
    assert again.key == space.key
    features = space.read(images.images[:3]).points
    assert features.shape == (3, 128)
    np.testing.assert_array_equal(features, again.read(images.images[:3]).points)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipes", "defalut"], "unknown recipe 'defalut'"),
        (["--data", "nosuch"], "no data set or folder 'nosuch'"),
        (["--recipe", "small"], "expected NAME=OPTIONS, received 'small'"),
        (["--seeds", "0,x"], "expected whole numbers with commas, received '0,x'"),
    ],
)
def test_what_is_wrong_is_named(words, said):
    done = CliRunner().invoke(recipes.main, words)
    assert done.exit_code == 2
    assert said in done.output


def test_crops_of_a_narrow_motif_show_it():
    wide = Image.new("RGB", (400, 200))
    wide.paste((255, 0, 0), (190, 0, 210, 200))
    rng = np.random.default_rng(0)
    crops = [photographs.crop(wide, centred=True, rng=rng) for _ in range(20)]
    assert {crop.size for crop in crops} == {(photographs.SIDE, photographs.SIDE)}
    assert all(np.asarray(crop)[..., 0].max() > 200 for crop in crops)
    elsewhere = [photographs.crop(wide, centred=False, rng=rng) for _ in range(20)]
    assert any(np.asarray(crop)[..., 0].max() == 0 for crop in elsewhere)
