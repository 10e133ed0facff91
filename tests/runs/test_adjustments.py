"""What analyses found for a page: it comes back, for its own step alone, and damage is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from dcgan_tf.config import preset
from dcgan_tf.runs import adjustments
from dcgan_tf.runs.adjustments import (
    Direction,
    ForgottenMaps,
    add_adjustments,
    read_directions,
    read_forgotten,
)

RUN = SimpleNamespace(
    step=500,
    weights="averaged weights (EMA)",
    digest="0a1b",
    shown_class=None,
    config=preset("default", latent_dim=3, data="portraits"),
)
SMILE = Direction("smile", None, (0.5, -1.25, 0.0), 1.1, 0.97, None, 200)
CROWN = ForgottenMaps("crown", None, 2, (1, 4), 0.1, 0.9, 0.05, 0.8, 1024)


def add(path, run, found):
    add_adjustments(path, run, found, looked_for=[one.name for one in found])


def damage(path, found, changes):
    """Write what was found, and change entries of it in the file."""
    add(path, RUN, [found])
    content = json.loads(path.read_text())
    content["sets"][0]["found"][0].update(changes)
    path.write_text(json.dumps(content))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "found.json"


def test_what_was_found_comes_back(path):
    add(path, RUN, [SMILE, replace(SMILE, name="turn", kept=None)])
    assert read_directions(path, RUN) == [SMILE, replace(SMILE, name="turn", kept=None)]
    add(path.with_name("maps.json"), RUN, [CROWN])
    assert read_forgotten(path.with_name("maps.json"), RUN) == [CROWN]


def test_each_name_and_class_is_kept_until_it_is_found_again(path):
    other = replace(CROWN, name="glasses")
    of_class = replace(CROWN, shown_class="dog")
    again = replace(CROWN, maps=(7,))
    for one in (CROWN, other, of_class, again):
        add(path, RUN, [one])
    assert read_forgotten(path, RUN) == [other, of_class, again]


def test_each_step_has_its_own(path):
    add(path, RUN, [CROWN])
    later, between = (SimpleNamespace(**{**vars(RUN), "step": step}) for step in (600, 550))
    assert read_forgotten(path, later) == "is of step 500, and this is step 600"
    add(path, later, [])
    assert read_forgotten(path, later) == []
    assert read_forgotten(path, between) == "is of step 600, and this is step 550"
    assert read_forgotten(path, RUN) == [CROWN]


def test_all_weights_have_their_own(path):
    raw = SimpleNamespace(**{**vars(RUN), "weights": "raw weights"})
    add(path, RUN, [CROWN])
    assert read_forgotten(path, raw) == "is of the averaged weights (EMA), and these are the raw weights"
    add(path, raw, [replace(CROWN, maps=(7,))])
    assert read_forgotten(path, RUN) == [CROWN]
    assert read_forgotten(path, raw) == [replace(CROWN, maps=(7,))]


def test_what_was_found_of_weights_that_the_run_has_forgotten_is_not_taken(path):
    """A run that goes back reaches the same step again, with other weights."""
    again = SimpleNamespace(**{**vars(RUN), "digest": "2c3d"})
    add(path, RUN, [CROWN])
    assert read_forgotten(path, again) == "is of other weights of step 500"
    add(path, again, [replace(CROWN, maps=(7,))])
    assert read_forgotten(path, again) == [replace(CROWN, maps=(7,))]
    assert read_forgotten(path, RUN) == "is of other weights of step 500"


def test_a_file_of_an_early_version_does_not_say_which_weights_and_is_taken(path):
    add(path, RUN, [CROWN])
    (only,) = json.loads(path.read_text())["sets"]
    path.write_text(
        json.dumps({"sets": [{name: value for name, value in only.items() if name != "weights"}]})
    )
    assert read_forgotten(path, RUN) == [CROWN]
    other = replace(CROWN, name="glasses")
    add(path, RUN, [other])
    assert read_forgotten(path, RUN) == [CROWN, other]


def test_what_is_looked_for_and_not_found_any_more_goes(path):
    of_class, other = replace(CROWN, shown_class="dog"), replace(CROWN, name="glasses")
    add(path, RUN, [CROWN, of_class, other])
    add_adjustments(path, RUN, [], looked_for=["crown"])
    assert read_forgotten(path, RUN) == [of_class, other]


@pytest.mark.parametrize("change", [{"step": None}, {"step": True}, {"generator": 5}, {"found": {}}])
def test_without_a_step_or_weights_it_is_damaged(path, change):
    add(path, RUN, [CROWN])
    (only,) = json.loads(path.read_text())["sets"]
    path.write_text(json.dumps({"sets": [only | change]}))
    assert read_forgotten(path, RUN) == "is damaged"


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
        {"name": "x" * (adjustments.LONGEST_NAME + 1)},
        {"shown_class": 1},
        {"kept": 1.5},
        {"changes": None},
        {"num_images": 0},
    ],
)
def test_damaged_directions_are_named_so(path, changes):
    damage(path, SMILE, changes)
    assert read_directions(path, RUN) == "is damaged"


@pytest.mark.parametrize(
    "changes",
    [{"layer": 0}, {"layer": True}, {"maps": [-1]}, {"maps": 3}, {"left": -1}, {"realistic": "all"}],
)
def test_damaged_maps_are_named_so(path, changes):
    damage(path, CROWN, changes)
    assert read_forgotten(path, RUN) == "is damaged"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"sets": 5}', '{"sets": [5]}', '{"step": 500, "generator": "averaged weights (EMA)"}'],
)
def test_a_file_of_anything_else_is_no_traceback(path, text):
    path.write_text(text)
    assert isinstance(read_directions(path, RUN), str)
    add(path, RUN, [SMILE])
    assert read_directions(path, RUN) == [SMILE]
