"""The commands `filters` and `probe` on a small run: what comes out, twice the same, and what is refused."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf import analysis, models
from dcgan_tf.analysis import Finding
from dcgan_tf.analysis.questions import Question, questions
from dcgan_tf.cli import main
from dcgan_tf.errors import RunError
from dcgan_tf.runs.run import Run

# The functions of the same names hide these modules.
filters_module, probe_module = (
    importlib.import_module(f"dcgan_tf.analysis.{name}.{name}") for name in ("filters", "probe")
)

ANALYSES = {
    "filters": lambda run: analysis.filters(run, num_images=300),
    "probe": lambda run: analysis.probe(run, num_images=300, labels=200, few_labels=50),
}


@pytest.fixture(scope="module")
def run(trained) -> Run:
    return Run.open(trained)


def gan_run(run: Run, tiny_config) -> Run:
    config = tiny_config(architecture="gan")
    return replace(run, config=config, discriminator=models.build_discriminator(config))


@pytest.fixture(scope="module")
def findings(run) -> dict[str, Finding]:
    return {name: analyse(run) for name, analyse in ANALYSES.items()}


@pytest.mark.parametrize("name", ANALYSES)
def test_a_seed_decides_everything_but_the_seconds(name, run, findings):
    one, two = findings[name], ANALYSES[name](run)
    assert one.figure_png == two.figure_png
    results = [json.loads(json.dumps(finding.result)) for finding in (one, two)]
    for result in results:
        assert result["protocol"].pop("seconds") >= 0
    assert results[0] == results[1]
    assert results[0]["analysis"] == name
    assert results[0]["protocol"]["num_images"] == 300


@pytest.mark.parametrize("name", ANALYSES)
def test_a_longer_discriminator_without_batch_norm_is_looked_into_too(name, run, tiny_config):
    config = tiny_config(discriminator_depth=2, discriminator_norm="spectral", generator_norm="none")
    longer = replace(run, config=config, discriminator=models.build_discriminator(config))
    finding = ANALYSES[name](longer)
    assert "batch norm" not in json.dumps(finding.result)
    # It was not trained: it is its own control.
    controls = [(m.value, m.controls["random D"]) for m in finding.measures if "random D" in m.controls]
    assert controls
    for value, control in controls:
        assert value == pytest.approx(control, abs=1e-6)


@pytest.mark.parametrize("name", ANALYSES)
def test_a_fully_connected_discriminator_is_refused(name, run, tiny_config):
    with pytest.raises(ValueError, match=r"no convolutional layers.*--architecture dcgan"):
        ANALYSES[name](gan_run(run, tiny_config))


def test_filters_grade_every_class_beside_both_controls(findings):
    finding = findings["filters"]
    first, *each, last = finding.measures
    assert [measure.name for measure in each] == [f"best feature's AUC for {digit}" for digit in range(10)]
    assert first.value == pytest.approx(np.mean([measure.value for measure in each]))
    assert set(first.controls) == {"random D", "shuffled answers"}
    assert first.value > first.controls["shuffled answers"]
    assert 0.1 < last.value <= 1


def test_filters_without_answers_grade_the_gradients_only(run, monkeypatch):
    monkeypatch.setattr(filters_module, "questions", lambda _: [])
    finding = ANALYSES["filters"](run)
    assert [measure.name for measure in finding.measures] == ["concentration of the guided gradients"]
    assert finding.protocol["features_shown"] == "first"
    assert finding.figure_png


@pytest.mark.parametrize(("trained", "null"), [(0.72, True), (0.95, False)])
def test_a_null_result_of_the_filters_is_called_one(trained, null):
    module = importlib.import_module("dcgan_tf.analysis.filters.filters")  # the package has the function
    eyes = [SimpleNamespace(concentration=0.5, detectors={"a": 1}, mean_auc=auc) for auc in (trained, 0.70)]
    assert module._summary(*eyes).startswith("a null result: ") == null


@pytest.mark.parametrize(
    ("more", "advice"), [(5, "; raise --num-images"), (0, ", and there are no other images to look at")]
)
def test_only_what_can_be_done_is_advised_for_attributes_without_a_grade(more, advice):
    module = importlib.import_module("dcgan_tf.analysis.filters.filters")
    eye = SimpleNamespace(detectors={"a": 1})
    told = module._left_out({"a": np.ones(4), "b": np.ones(4)}, eye, more=more)
    assert told == [f"too few images with or without 'b' to grade features on{advice}"]


@pytest.mark.parametrize(
    ("there", "wanted", "advice"),
    [(3, 9, "digits has only 3 to look at; add some"), (9, 3, "raise --num-images")],
)
def test_filters_of_few_images_say_what_can_be_done(run, monkeypatch, there, wanted, advice):
    module = importlib.import_module("dcgan_tf.analysis.filters.filters")
    monkeypatch.setattr(module, "_real_images", lambda subject: (range(there), ()))
    with pytest.raises(RunError, match=f"filters need 4 images or more; {advice}"):
        analysis.filters(run, num_images=wanted)


def test_embed_with_one_held_out_image_says_that_there_are_too_few():
    module = importlib.import_module("dcgan_tf.analysis.embed.embed")
    run = SimpleNamespace(config=SimpleNamespace(data=SimpleNamespace(spec="pets")), shown_class=None)
    subject = SimpleNamespace(train=range(9), held_out=range(1), run=run, rows_of_class=lambda images: images)
    with pytest.raises(
        RunError, match="at least 2 training and 2 held-out images, and pets has 9 and 1; add images, or"
    ):
        module._count(subject, 500)


def test_filters_refuse_another_choice_of_features(run):
    with pytest.raises(ValueError, match="features must be 'best' or 'first', received 'all'"):
        analysis.filters(run, features="all")


def test_a_probe_is_better_than_knowing_nothing(findings):
    finding = findings["probe"]
    few, every = finding.measures
    assert (few.name, every.name) == ("accuracy with 50 labels", "accuracy with 200 labels")
    assert set(few.controls) == {"random D", "raw pixels", "always the commonest answer"}
    assert few.value > few.controls["always the commonest answer"] + 0.2
    accuracy = finding.details["accuracy"]["D's features"]
    assert few.value == pytest.approx(np.mean(accuracy["few"]))
    assert np.shape(accuracy["few"]) == (5, 1)


@pytest.mark.parametrize(
    ("ours", "random", "pixels", "said"),
    [
        (0.90, 0.80, 0.85, "D's features tell more than random D and raw pixels"),
        (0.86, 0.80, 0.85, "D's features tell no more than raw pixels (a null result)"),  # errors of 0.016
        (0.70, 0.80, 0.60, "D's features tell no more than random D (a null result)"),
        (
            0.995,
            0.9,
            0.999,
            "no verdict, because the task is too easy: raw pixels alone are right in 99.9%",
        ),
    ],
)
def test_a_null_result_of_a_probe_is_called_one(ours, random, pixels, said):
    accuracies = {"D's features": ours, "random D": random, "raw pixels": pixels}
    outcomes = {
        name: probe_module.ProbeResult(50, np.full((2, 1), value), np.array([value]), np.zeros((1, 1), int))
        for name, value in accuracies.items()
    }
    assert probe_module._verdict(outcomes, 200, 1000) == said


def test_a_probe_without_answers_says_what_is_missing(run, monkeypatch):
    monkeypatch.setattr(probe_module, "questions", lambda _: [])
    with pytest.raises(RunError, match=r"neither labels nor binary attributes.*attributes.csv"):
        ANALYSES["probe"](run)


def test_what_all_training_images_have_in_common_is_left_out_of_a_probe_and_named(run, monkeypatch):
    def with_a_constant(images):
        constant = Question("tailless", ("no tailless", "tailless"), np.zeros(len(images), np.int64))
        return [constant, *(questions(images) if others else [])]

    monkeypatch.setattr(probe_module, "questions", with_a_constant)
    others = True
    finding = analysis.probe(run, num_images=300, labels=60, few_labels=50, draws=1)
    assert finding.details["questions"] == ["class"]
    assert finding.warnings == ("'tailless' is left out: all 60 training images have the same",)
    others = False
    with pytest.raises(
        RunError, match="all 60 training images have the same 'tailless'; raise --training-labels"
    ):
        analysis.probe(run, labels=60)
    with pytest.raises(RunError, match="the same 'tailless', so there is nothing to classify"):
        analysis.probe(run)


@pytest.mark.parametrize(
    "words", [["filters"], ["probe", "--labels", "120", "--few-labels", "60", "--draws", "2"]]
)
def test_the_commands_save_the_figure_and_the_result(words, trained, tmp_path):
    name, *options = words
    done = CliRunner().invoke(main, [name, str(trained), "-n", "200", "--out", str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "figure.png").stat().st_size > 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["analysis"] == name
    assert done.stdout.startswith(result["summary"])
