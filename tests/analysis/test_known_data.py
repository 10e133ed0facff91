"""What an analysis is asked about where nobody has said."""

from __future__ import annotations

import pytest

from dcgan_tf.analysis.arithmetic.about import analogy
from dcgan_tf.analysis.forget.about import forgotten
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.analysis.turn.about import turned
from dcgan_tf.errors import RunError


def test_the_analogy_is_the_slides_where_the_data_has_it():
    assert analogy(["glasses", "woman", "crown"]) == (("man+crown", "woman"), ("man",))
    assert analogy(["glasses", "smile", "hat"]) == (("glasses+smile", "no-glasses"), ("glasses",))
    with pytest.raises(RunError, match="needs two yes-or-no attributes; the data has 1"):
        analogy(["smile"])


def test_types_are_read_where_they_are_recorded():
    facts = {"attribute_names": ["a", "turn", "b"], "label_names": ["x"]}
    assert KnownData.of(facts) == KnownData(["a", "b"], ["turn"], ["x"], is_recorded=False)
    assert KnownData.of(facts, spec="tfds:faces") == KnownData(["a", "b"], ["turn"], ["x"])
    assert KnownData.of(facts, spec="portraits") == KnownData(["a", "b"], ["turn"], ["x"], is_built_in=True)
    told = {**facts, "binary_attributes": ["turn"], "num_unseen": 4}
    assert KnownData.of(told) == KnownData(["turn"], ["a", "b"], ["x"], 4)
    assert KnownData.of({"attribute_names": None}, spec="pets") == KnownData([], [], [], is_recorded=False)


def test_the_crown_is_forgotten_else_the_first_binary_attribute():
    assert forgotten(KnownData(["hat", "crown"])) == "crown"
    assert forgotten(KnownData(["hat", "beard"], ["crown"])) == "hat"
    with pytest.raises(RunError, match="needs a yes-or-no attribute"):
        forgotten(KnownData([], ["tilt"], ["x", "y"]))


def test_what_is_turned_has_degrees_if_anything_has():
    assert turned(KnownData(["hat"], ["tilt", "turn"], ["x", "y"])) == "turn"
    assert turned(KnownData(["hat"], ["tilt"], ["x", "y"])) == "tilt"
    assert turned(KnownData(["hat"], [], ["x", "y"])) == "hat"
    assert turned(KnownData([], [], ["x", "y"])) == "x"
    with pytest.raises(RunError, match="needs attributes or classes"):
        turned(KnownData([], [], ["x"]))
