"""The comparison of recipes: its table, and its second feature space."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf import data
from dcgan_tf.cli.train import train
from dcgan_tf.config import DataConfig

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import recipe_table  # noqa: E402
import recipes  # noqa: E402
import residual_space  # noqa: E402


def row(data="cifar10", recipe="default", seed=0, **cells):
    known = {"success": True, "final_distance": 4.0, "minutes": 1.0, "recall": 0.5}
    return {"data": data, "recipe": recipe, "seed": seed} | known | cells


def test_a_table_is_read_as_it_was_written(tmp_path):
    file = tmp_path / "results" / "table.csv"
    for seed in (0, 1):
        recipe_table.add_row(file, row(seed=seed, options="--preset default"))
    assert [line["seed"] for line in recipe_table.read_table(file)] == ["0", "1"]
    cell = recipes.Cell("cifar10", "default", 1, 100, "--preset default")
    assert not any(cell.is_in(line) for line in recipe_table.read_table(file)), "other images_asked"
    recipe_table.add_row(file, row(seed=1, images_asked=100, options="--preset default"))
    assert any(cell.is_in(line) for line in recipe_table.read_table(file))


def test_the_summary_has_the_mean_of_the_seeds_and_begins_with_the_nearest(tmp_path):
    file = tmp_path / "table.csv"
    recipe_table.add_row(file, row(final_distance=4.0))
    recipe_table.add_row(file, row(seed=1, final_distance=6.0, success=False))
    recipe_table.add_row(file, row(recipe="auto", final_distance=2.0))
    recipe_table.add_row(file, row(recipe="gan", final_distance="", success=False))
    _, *lines = recipe_table.summary(recipe_table.read_table(file)).splitlines()
    assert [line.split()[1] for line in lines] == ["auto", "default", "gan"]
    assert "5.00 ± 1.41" in lines[1]
    assert "1 of 2" in lines[1]
    assert lines[2].split()[2:6] == ["0", "of", "1", "-"]
    table = recipe_table.markdown(recipe_table.read_table(file))
    assert "| default | 1 of 2 | 5.00 ± 1.41 |" in table


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


def test_an_unknown_recipe_is_named():
    done = CliRunner().invoke(recipes.main, ["--recipes", "defalut"])
    assert done.exit_code == 2
    assert "defalut" in done.output
