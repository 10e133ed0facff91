"""Forgetting a square that one feature map alone draws: that map must be found, and nothing else change."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf import analysis
from dcgan_tf.analysis.figures import new_figure
from dcgan_tf.analysis.forget.effects import Effect
from dcgan_tf.analysis.forget.figure import _draw_changed, _draw_shares, drawn_attributes
from dcgan_tf.analysis.forget.generator_halves import split_generator
from dcgan_tf.analysis.forget.map_weights import MapWeights
from dcgan_tf.analysis.forget.outcome import Remains
from dcgan_tf.errors import RunError
from dcgan_tf.runs import read_forgotten
from dcgan_tf.runs.run import Run
from planted import LIGHT_MAP, SQUARE, SQUARE_MAP, PlantedSubject, planted_run

NUM = 256
MODULE = importlib.import_module("dcgan_tf.analysis.forget.forget")  # the package has the function


@pytest.fixture(scope="module")
def run(tiny_config, tmp_path_factory):
    return planted_run(tiny_config(), tmp_path_factory.mktemp("planted"))


def plant(patch: pytest.MonkeyPatch) -> None:
    """Put the planted subject in place, and a detector that takes everything for a single picture."""
    patch.setattr(MODULE, "Subject", PlantedSubject)
    patch.setattr("dcgan_tf.analysis.samples.trained_detector", lambda *_: None)
    patch.setattr(
        "dcgan_tf.analysis.samples.double_exposure_scores",
        lambda _, images: np.zeros(len(images), np.float32),
    )


@pytest.fixture(autouse=True)
def _planted_subject(monkeypatch):
    plant(monkeypatch)


@pytest.fixture(scope="module")
def boxes(run, tmp_path_factory):
    """The square's box, for each sample of the first half that shows it."""
    path = tmp_path_factory.mktemp("boxes") / "boxes.json"
    shown = np.flatnonzero(run.latents(NUM)[: NUM // 2, 0] > 0.3)
    path.write_text(json.dumps({str(i): [SQUARE] for i in shown}))
    return path


@pytest.fixture(scope="module")
def finding(run, boxes):
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        return analysis.forget(run, attribute="square", boxes=boxes, num_images=NUM)


@pytest.fixture(scope="module")
def picture(finding):
    """Its figure, drawn for the first time: drawn again, the layout moves by fractions of a pixel."""
    return finding.figure_png


def measure(finding, name):
    return next(measure for measure in finding.measures if measure.name == name)


def test_the_map_that_draws_it_is_the_one_that_is_dropped(finding):
    assert finding.details["dropped_maps"] == [SQUARE_MAP]


def test_a_page_can_forget_it_too(run, finding, tmp_path):
    finding.save(tmp_path)
    (found,) = read_forgotten(tmp_path / "maps.json", run)
    assert (found.name, found.layer, found.maps, found.left) == ("square", 1, (SQUARE_MAP,), 0)
    assert found.left_by_chance > 0.3
    assert found.num_images == NUM // 2


def test_the_square_is_gone_and_nothing_else_has_changed(finding):
    gone = measure(finding, "square after forgetting")
    assert gone.value == 0
    assert 0.3 < gone.controls["before"] < 0.6
    assert gone.controls["as many random maps"] > 0.1
    assert measure(finding, "bar changed").value == 0


def test_what_is_gone_is_counted_in_the_samples_that_showed_it(finding):
    still = measure(finding, "still square, of the samples that showed it")
    doubt = measure(finding, "square still there or in doubt, of the samples that showed it")
    assert (still.value, doubt.value) == (0, 0)
    assert still.controls["as many random maps"] > 0.3
    assert finding.summary.startswith("square is forgotten: of the samples that showed it, 0.0% still do")


def test_a_null_result_is_called_one(run, boxes, monkeypatch, tmp_path, finding):
    """The map that draws the bar is dropped in the place of the square's."""
    monkeypatch.setattr(
        importlib.import_module("dcgan_tf.analysis.forget.outcome"),
        "map_weights",
        lambda setup, *, penalty, seed: MapWeights(np.eye(4)[1], 1.0, 10),
    )
    null = analysis.forget(run, attribute="square", boxes=boxes, num_images=NUM)
    assert null.summary.startswith("square is not forgotten: of the samples that showed it, ")
    assert any("square is not forgotten: traces are left in 100.0%" in said for said in null.warnings)
    finding.save(tmp_path)
    null.save(tmp_path)
    assert read_forgotten(tmp_path / "maps.json", run) == [], "the switch of before is no longer true"


def test_shown_samples_stand_for_equal_parts_of_all():
    """Of 16 samples 6 still show it, 4 are in doubt: of 8 pictures 3 and 2."""
    margins = np.array([5.0] * 6 + [-1.0] * 4 + [-5.0] * 6)[np.random.default_rng(0).permutation(16)]
    remains = Remains(np.arange(100, 116), margins)
    assert (remains.still, remains.not_gone) == (6 / 16, 10 / 16)
    assert [remains.verdict(place) for place in remains.evenly(8)] == (
        ["still there"] * 3 + ["in doubt"] * 2 + ["gone"] * 3
    )
    assert len(remains.evenly(40)) == 16


def test_only_the_box_has_changed(finding):
    change = measure(finding, "change outside the boxes")
    assert change.value == 0
    assert change.controls["inside the boxes"] > 20
    # Where z[0] is positive but small, the square is there and the classifier does not count it.
    assert change.controls["samples without square"] < 0.5


def test_the_measures_say_on_what_they_were_measured(finding):
    """The boxes are of samples that the protocol does not report on."""
    assert "the half that is learnt from" in measure(finding, "change outside the boxes").meaning
    assert finding.protocol["realistic"] in measure(finding, "realistic after forgetting").meaning


def test_the_paper_s_rule_finds_it_too(finding):
    assert SQUARE_MAP in finding.details["paper_rule"]["dropped_maps"]
    assert measure(finding, "square after forgetting").controls["the paper's rule"] == 0


def test_occlusion_finds_the_same_map(run):
    finding = analysis.forget(run, attribute="square", num_images=NUM)
    assert finding.protocol["boxes"].startswith("occlusion")
    assert finding.details["dropped_maps"] == [SQUARE_MAP]


def test_dropping_more_maps_than_needed_costs_what_they_draw(run, boxes):
    finding = analysis.forget(run, attribute="square", boxes=boxes, num_images=NUM, drop=4)
    assert sorted(finding.details["dropped_maps"]) == [0, 1, 2, 3]
    assert measure(finding, "bar changed").value > 0.3
    assert any("another attribute changes in" in warning for warning in finding.warnings)


def test_dropped_maps_are_zero_at_every_position(run):
    halves = split_generator(run.generator, layer=1)
    latents = run.latents(8)
    maps = halves.maps(latents)
    assert maps[..., LIGHT_MAP].any()
    maps[..., LIGHT_MAP] = 0
    expected = halves.images(maps)
    np.testing.assert_array_equal(halves.images_without(latents, np.array([LIGHT_MAP])), expected)
    np.testing.assert_array_equal(halves.images_without(latents, np.array([], int)), run.generate(latents))


def test_the_same_seed_gives_the_same_figure(finding, picture, run, boxes):
    again = analysis.forget(run, attribute="square", boxes=boxes, num_images=NUM)
    assert again.measures == finding.measures
    assert again.figure_png == picture


def test_the_result_is_saved_and_says_how_it_was_measured(finding, picture, tmp_path):
    finding.save(tmp_path)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["protocol"]["learnt_from"] == "samples 0 to 127"
    assert result["protocol"]["reported_on"] == "samples 128 to 255"
    assert "detector of double exposures" in result["protocol"]["realistic"]
    assert result["protocol"]["boxes"] == "drawn by hand (boxes.json)"
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_an_attribute_that_is_not_there(run):
    with pytest.raises(ValueError, match=r"no binary attribute 'crown'; it has: square, bar"):
        analysis.forget(run, attribute="crown")


def test_too_few_samples(run):
    with pytest.raises(RunError, match=r"only \d of the 8 samples .* raise --num-images"):
        analysis.forget(run, attribute="square", num_images=16)


def test_more_maps_than_there_are(run):
    with pytest.raises(ValueError, match="from 1 to 4, received 5"):
        analysis.forget(run, attribute="square", drop=5)


def test_a_fully_connected_run(tiny_config, tmp_path):
    from dcgan_tf import models

    config = tiny_config(architecture="gan")
    dense = Run(tmp_path, config, 1, models.build_generator(config), models.build_discriminator(config))
    with pytest.raises(ValueError, match=r"no convolutional layers.*--architecture dcgan"):
        analysis.forget(dense, attribute="square")


def test_of_many_attributes_those_that_change_most_are_drawn():
    names = [f"attribute {i}" for i in range(40)]
    effect = Effect(dict.fromkeys(names, 0.5), {name: i / 100 for i, name in enumerate(names)}, 0.25)
    drawn = ["attribute 3", *names[-5:]]
    assert drawn_attributes("attribute 3", effect) == drawn
    few = dict.fromkeys(names[:4], 0.0)
    assert drawn_attributes("attribute 3", Effect(few, few)) == names[:4]
    outcome = SimpleNamespace(
        before=effect,
        ours=effect,
        random=effect,
        paper=effect,
        dropped=np.arange(3),
        paper_dropped=np.arange(7),
    )
    shares, changed = new_figure(6, 6).subplots(2, 1)
    setup = SimpleNamespace(attribute="attribute 3", shape=object())
    _draw_shares(shares, setup, outcome)
    assert [label.get_text() for label in shares.get_xticklabels()] == [*drawn, "attribute 3,\nin grey"]
    assert shares.get_title(loc="left") == "samples that show it, 6 of 40 attributes"
    _draw_changed(changed, setup, outcome)
    assert [label.get_text() for label in changed.get_xticklabels()] == drawn[1:]
