"""What analyses found for a page: it comes back, what is of another step does not, and damage is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dcgan_tf.config import preset
from dcgan_tf.runs import controls
from dcgan_tf.runs.controls import (
    Direction,
    ForgottenMaps,
    add_controls,
    read_directions,
    read_forgotten,
)

RUN = SimpleNamespace(
    step=500,
    weights="averaged weights (EMA)",
    config=preset("default", latent_dim=3, data="portraits"),
)
SMILE = Direction("smile", None, (0.5, -1.25, 0.0), 1.1, 0.97, None, 200)
CROWN = ForgottenMaps("crown", None, 2, (1, 4), 0.1, 0.9, 0.05, 0.8, 1024)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "found.json"


def test_what_was_found_comes_back(path):
    add_controls(path, RUN, [SMILE, replace(SMILE, name="turn", kept=None)])
    assert read_directions(path, RUN) == [SMILE, replace(SMILE, name="turn", kept=None)]
    add_controls(path.with_name("maps.json"), RUN, [CROWN])
    assert read_forgotten(path.with_name("maps.json"), RUN) == [CROWN]


def test_each_name_and_class_is_kept_until_it_is_found_again(path):
    other = replace(CROWN, name="glasses")
    of_class = replace(CROWN, shown_class="dog")
    again = replace(CROWN, maps=(7,))
    for one in (CROWN, other, of_class, again):
        add_controls(path, RUN, [one])
    assert read_forgotten(path, RUN) == [other, of_class, again]


def test_nothing_is_kept_of_another_step(path):
    add_controls(path, RUN, [CROWN])
    later = SimpleNamespace(**{**vars(RUN), "step": 600})
    assert read_forgotten(path, later) == "is of step 500, and this is step 600"
    add_controls(path, later, [])
    assert read_forgotten(path, later) == []
    assert read_forgotten(path, RUN) == "is of step 600, and this is step 500"


def test_nothing_is_taken_of_other_weights(path):
    add_controls(path, RUN, [CROWN])
    raw = SimpleNamespace(**{**vars(RUN), "weights": "raw weights"})
    assert read_forgotten(path, raw) == "is of the averaged weights (EMA), and these are the raw weights"


def test_a_missing_file_is_missing(path):
    assert read_directions(path, RUN) == "is missing"


@pytest.mark.parametrize(
    "changes",
    [
        {"vector": [1, 2]},
        {"vector": [1, 2, "x"]},
        {"vector": [1, 2, float("nan")]},
        {"vector": None},
        {"name": ""},
        {"name": 3},
        {"name": "x" * (controls.LONGEST_NAME + 1)},
        {"shown_class": 1},
        {"kept": 1.5},
        {"changes": None},
        {"num_images": 0},
    ],
)
def test_damaged_directions_are_named_so(path, changes):
    add_controls(path, RUN, [SMILE])
    content = json.loads(path.read_text())
    content["found"][0].update(changes)
    path.write_text(json.dumps(content))
    assert read_directions(path, RUN) == "is damaged"


@pytest.mark.parametrize(
    "changes",
    [{"layer": 0}, {"layer": True}, {"maps": [-1]}, {"maps": 3}, {"left": -1}, {"realistic": "all"}],
)
def test_damaged_maps_are_named_so(path, changes):
    add_controls(path, RUN, [CROWN])
    content = json.loads(path.read_text())
    content["found"][0].update(changes)
    path.write_text(json.dumps(content))
    assert read_forgotten(path, RUN) == "is damaged"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"step": 500, "generator": "averaged weights (EMA)"}'])
def test_a_file_of_anything_else_is_no_traceback(path, text):
    path.write_text(text)
    assert isinstance(read_directions(path, RUN), str)
    add_controls(path, RUN, [SMILE])
    assert read_directions(path, RUN) == [SMILE]
