"""What an analysis is asked about where nobody has said."""

from __future__ import annotations

import pytest
from dcgan_tf.report.choices import Shown, analogy, forgotten, turned

from dcgan_tf.errors import RunError


def test_the_analogy_is_the_slides_where_the_data_has_it():
    assert analogy(["glasses", "woman", "crown"]) == (("man+crown", "woman"), ("man",))
    assert analogy(["glasses", "smile", "hat"]) == (("glasses+smile", "no-glasses"), ("glasses",))
    with pytest.raises(RunError, match="needs two yes-or-no attributes, the data has 1"):
        analogy(["smile"])


def test_types_are_read_where_they_are_recorded():
    facts = {"attribute_names": ["a", "turn", "b"], "label_names": ["x"]}
    assert Shown.of(facts) == Shown(["a", "b"], ["turn"], ["x"], is_told=False)
    assert Shown.of(facts, spec="tfds:faces") == Shown(["a", "b"], ["turn"], ["x"])
    assert Shown.of(facts, spec="portraits") == Shown(["a", "b"], ["turn"], ["x"], is_built_in=True)
    told = {**facts, "binary_attributes": ["turn"], "num_unseen": 4}
    assert Shown.of(told) == Shown(["turn"], ["a", "b"], ["x"], 4)
    assert Shown.of({"attribute_names": None}, spec="pets") == Shown([], [], [], is_told=False)


def test_the_crown_is_forgotten_else_the_first_binary_attribute():
    assert forgotten(Shown(["hat", "crown"])) == "crown"
    assert forgotten(Shown(["hat", "beard"], ["crown"])) == "hat"
    with pytest.raises(RunError, match="needs a yes-or-no attribute"):
        forgotten(Shown([], ["tilt"], ["x", "y"]))


def test_what_is_turned_has_degrees_if_anything_has():
    assert turned(Shown(["hat"], ["tilt", "turn"], ["x", "y"])) == "turn"
    assert turned(Shown(["hat"], ["tilt"], ["x", "y"])) == "tilt"
    assert turned(Shown(["hat"], [], ["x", "y"])) == "hat"
    assert turned(Shown([], [], ["x", "y"])) == "x"
    with pytest.raises(RunError, match="needs attributes or classes"):
        turned(Shown([], [], ["x"]))
