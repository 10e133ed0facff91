"""Comparisons whose outcome is known: real images as samples, collapsed ones, seeds, unfinished runs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.analysis import compare
from dcgan_tf.analysis.compare.compare import SHOWN, _graded
from dcgan_tf.analysis.compare.figure import COLOURS, colours_of
from dcgan_tf.analysis.compare.grades import Judge, highest_probability, spread
from dcgan_tf.analysis.compare.groups import compared_runs, groups_of
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import ArgumentError
from dcgan_tf.runs.records import append_record, write_json
from dcgan_tf.runs.run import Run
from quick import quick_judges
from stand_ins import Draws, grey_images


def drawing(run: Run, images: np.ndarray) -> Run:
    """Return the run with a generator that draws these images, whatever it is asked for."""
    count = [0]

    def draw(latents):
        chosen = images[np.arange(count[0], count[0] + len(latents)) % len(images)]
        count[0] += len(latents)
        return chosen / 127.5 - 1.0

    return replace(run, generator=Draws(draw))


@pytest.fixture(scope="module", autouse=True)
def _quick():
    with quick_judges(classifier_steps=150):  # digits are told apart
        yield


@pytest.fixture(scope="module")
def trained_run(trained) -> Run:
    return Run.open(trained)


@pytest.fixture(scope="module")
def subject(trained_run) -> Subject:
    return Subject(trained_run)


@pytest.fixture(scope="module")
def judge(subject) -> Judge:
    return Judge.of(subject)


@pytest.fixture
def copy_of(trained_run, tmp_path):
    """Return a function that makes a run directory with changed settings, beside the same networks."""

    def copy(name: str, *, section: str = "training", step: int = 50, loss: float = 1.0, **changes) -> Run:
        root = tmp_path / name
        (root / "checkpoints").mkdir(parents=True)
        (root / "checkpoints" / f"ckpt-{step}.index").write_text("")
        (root / "checkpoints" / f"ckpt-{step}.data-00000-of-00001").write_text("")
        (root / "data.json").write_text((trained_run.path / "data.json").read_text())
        losses = {"discriminator_loss": loss, "generator_loss": loss}
        append_record(root / "stats.jsonl", {"step": step, **losses})
        config = trained_run.config
        config = replace(config, **{section: replace(getattr(config, section), **changes)})
        return replace(trained_run, path=root, config=config, step=step)

    return copy


# Grades


def test_real_images_get_the_best_grade(judge, subject):
    grade = judge.grade(np.asarray(subject.train.images))
    collapsed = judge.grade(np.repeat(subject.train.images[:1], 64, axis=0))
    assert grade.covered == len(judge.kinds) == 10
    assert grade.spread == pytest.approx(1.0, abs=0.15)
    assert grade.distance < collapsed.distance / 10
    assert judge.collapsed(grade) == []


def test_the_reference_compared_with_itself_has_distance_0(judge, subject):
    held_out = subject.held_out.images
    grade = judge.grade(np.asarray(held_out))
    assert grade.distance == pytest.approx(0.0, abs=1e-4)
    assert grade.spread == pytest.approx(1.0)
    assert sum(grade.shares.values()) == pytest.approx(1.0)


def test_one_picture_again_and_again_is_collapsed(judge, subject):
    grade = judge.grade(np.repeat(subject.train.images[:1], 64, axis=0))
    assert grade.covered == 1
    assert grade.spread == pytest.approx(0.0, abs=1e-3)
    reasons = judge.collapsed(grade)
    assert reasons == ["covers 1 of 10 kinds of pictures", "its samples have 0% of the real images' spread"]


def test_one_picture_of_each_kind_is_collapsed_although_it_covers_all(judge, subject):
    labels = judge._numbers(judge.classifier.predict(np.asarray(subject.train.images)))
    ones = np.stack([subject.train.images[np.flatnonzero(labels == kind)[0]] for kind in range(10)])
    grade = judge.grade(np.tile(ones, (10, 1, 1, 1)))
    assert grade.covered == 10
    assert [reason[:23] for reason in judge.collapsed(grade)] == ["its samples have 0% of "]


def test_a_conditional_run_draws_the_classes_in_the_shares_of_the_training_images(trained_run):
    """All classes alike would be compared with real images that have few of some."""
    drawn = []

    def sample(num, *, seed, labels=None):
        drawn.append((num, labels))
        return np.zeros((num, 16, 16, 1), np.uint8)

    subject = Subject(trained_run)
    subject.__dict__["train"] = ImageSet(
        "few", np.zeros((100, 16, 16, 1)), np.repeat([0, 1], [80, 20]), ("a", "b")
    )
    judge = SimpleNamespace(grade=lambda images: len(images), collapsed=lambda grade: [])
    for takes_labels in (True, False):
        run = SimpleNamespace(takes_labels=takes_labels, class_names=("a", "b"), sample=sample)
        entry = SimpleNamespace(run=run, unfinished=[])
        graded = _graded(entry, judge, subject, 200, 0)
        assert graded.grade == 200
    (num, labels), shown, plain = drawn
    assert subject.labels_for(SimpleNamespace(takes_labels=True, class_names=("b", "a")), 200) is None
    assert num == 200
    assert np.bincount(labels).tolist() == [160, 40]
    assert shown == (SHOWN, None)
    assert plain == (200, None)


def test_spread_is_measured_from_the_mean_of_each_kind():
    points = np.array([[0.0, 0], [2, 0], [10, 10], [10, 14]])  # squares 1 + 1 + 4 + 4, of 4 points - 2 kinds
    assert spread(points, np.array([0, 0, 1, 1])) == pytest.approx(5**0.5)


@pytest.mark.parametrize(
    ("classes", "logit", "probability", "sure"),
    [
        (2, math.log(19), 0.95, True),  # 19 / (19 + 1)
        (10, math.log(19), 19 / 28, False),  # 19 / (19 + 9)
        (100, math.log(19), 19 / 118, False),
        (10, math.log(9 * 19), 0.95, True),  # 171 / (171 + 9)
        (100, math.log(99 * 18.9), 18.9 / 19.9, False),
    ],
)
def test_the_classifier_is_sure_by_its_probability_and_not_by_a_margin(classes, logit, probability, sure):
    """One class is ahead of all others, which are alike."""
    names = tuple(map(str, range(classes)))
    margins = {name: np.array([-logit], np.float64) for name in names} | {"1": np.array([logit + 1e-9])}
    assert highest_probability(list(margins.values())) == pytest.approx(probability, abs=1e-6)
    classifier = SimpleNamespace(classes=names, binary=(), concepts=names)
    predictions = SimpleNamespace(margins=margins, features=np.zeros((1, 2)))
    judge = Judge(classifier, predictions, "here", np.zeros((1, 8, 8, 1), np.uint8))
    assert judge._sure(predictions).tolist() == [sure]


# Groups


def test_runs_that_differ_only_in_their_seed_are_a_group(copy_of):
    runs = [copy_of("a", seed=1), copy_of("other", learning_rate=0.1), copy_of("b", seed=2)]
    groups = groups_of(compared_runs(runs))
    assert [(group.label, [entry.label for entry in group.members]) for group in groups] == [
        ("learning rate 0.001 (2 seeds)", ["a", "b"]),
        ("other", ["other"]),
    ]


def test_where_a_run_is_kept_and_how_often_it_saved_does_not_part_it(copy_of):
    runs = [copy_of("a", section="run", log_every=3), copy_of("b", seed=2)]
    assert [group.label for group in groups_of(compared_runs(runs))] == ["all (2 seeds)"]


def test_a_run_that_began_with_the_networks_of_another_is_no_second_seed(copy_of):
    runs = [copy_of("a"), copy_of("b", seed=2), copy_of("c", seed=3)]
    for run in runs[1:]:
        write_json(run.path / "origin.json", {"run": "/runs/faces", "checkpoint": 20})
    groups = groups_of(compared_runs(runs))
    assert [group.label for group in groups] == ["a", "init from /runs/faces@20 (2 seeds)"]


def test_two_checkpoints_of_one_run_are_two_groups(trained):
    runs = [Run.open(trained, checkpoint=20), Run.open(trained)]
    entries = compared_runs(runs)
    assert [entry.label for entry in entries] == ["run @ 20", "run @ 50"]
    assert [entry.unfinished for entry in entries] == [[], []]
    assert len(groups_of(entries)) == 2


def test_what_else_differs_between_the_runs_is_told(trained):
    finding = compare([Run.open(trained, checkpoint=20), Run.open(trained)], num_images=32)
    assert finding.protocol["settings_that_differ"] == {"steps": [20, 50]}
    assert "the runs are of different lengths (20, 50 steps)" in finding.warnings


def test_a_run_that_stopped_early_stays_in_its_group_and_says_so(copy_of):
    entries = compared_runs([copy_of("a", seed=1), copy_of("b", seed=2, step=30)])
    assert [entry.unfinished for entry in entries] == [[], ["stopped at step 30 of 50"]]
    assert len(groups_of(entries)) == 1


def test_losses_that_are_not_finite_are_a_failure(copy_of):
    (entry,) = compared_runs([copy_of("a", loss=float("nan"))])
    assert entry.unfinished == ["its losses are not finite"]


# The whole


def test_a_collapsed_generator_is_counted_as_failed(copy_of, subject, tmp_path):
    real = np.asarray(subject.train.images)
    runs = [
        drawing(copy_of("good-1", seed=1), real),
        drawing(copy_of("good-2", seed=2), real[::-1]),
        drawing(copy_of("bad", learning_rate=0.1), real[:1]),
    ]
    finding = compare(runs, num_images=128, seed=3)
    result = json.loads((finding.save(tmp_path / "out") / "result.json").read_text())
    failed = [measure for measure in result["measures"] if measure["name"].startswith("failed")]
    assert [(m["name"], m["value"], m["controls"]) for m in failed] == [
        ("failed: learning rate 0.001 (2 seeds)", 0, {"of runs": 2}),
        ("failed: bad", 1, {"of runs": 1}),
    ]
    assert any(warning.startswith("bad failed: covers 1 of 10 kinds") for warning in result["warnings"])
    assert "collapsed" in result["protocol"]["failed"]
    assert "FID" not in json.dumps(result)


def test_a_group_is_graded_by_mean_and_deviation_beside_real_images(copy_of, subject):
    real = np.asarray(subject.train.images)
    runs = [drawing(copy_of("a", seed=1), real), drawing(copy_of("b", seed=2), real[:1])]
    finding = compare(runs, num_images=128)
    distances = [run["grade"]["distance"] for run in finding.details["runs"]]
    measure = finding.measures[0]
    assert measure.name == "Fréchet distance (digits classifier): all (2 seeds)"
    assert measure.value == pytest.approx(np.mean(distances))
    assert measure.controls["deviation over seeds"] == pytest.approx(abs(np.diff(distances)[0]) / 2**0.5)
    assert measure.controls["real images"] == finding.details["real_images"]["distance"]


def test_a_comparison_is_the_same_twice(trained):
    runs = [Run.open(trained, checkpoint=20), Run.open(trained)]
    first, second = (compare(runs, num_images=64, seed=5) for _ in range(2))
    assert first.measures == second.measures
    assert first.figure_png == second.figure_png
    assert first.measures != compare(runs, num_images=64, seed=6).measures


def test_other_data_get_samples_and_losses_but_no_grades(copy_of):
    other = copy_of("other")
    (other.path / "data.json").write_text(json.dumps({"fingerprint": "another", "num_images": 296}))
    finding = compare([copy_of("a"), other])
    assert [measure.name for measure in finding.measures] == ["failed: all (2 seeds)"]
    assert "different images" in finding.warnings[0]
    assert "real images" not in finding.summary


def test_latents_of_different_lengths_are_mentioned(copy_of, trained_run):
    other = copy_of("other", section="model", latent_dim=7)
    other = replace(other, generator=Draws(grey_images))
    finding = compare([copy_of("a"), other], num_images=32)
    assert any("4 normal numbers, 7 normal numbers" in warning for warning in finding.warnings)


def test_more_images_than_the_data_has_are_not_pretended(trained):
    finding = compare([Run.open(trained, checkpoint=20), Run.open(trained)], num_images=10_000)
    assert finding.protocol["num_images"] == 296
    assert any(warning.startswith("scored on 296 samples each") for warning in finding.warnings)


def test_one_run_or_the_same_twice_is_no_comparison(trained_run):
    with pytest.raises(ValueError, match="at least two runs, received 1"):
        compare([trained_run])
    with pytest.raises(ValueError, match="at step 50 is given twice"):
        compare([trained_run, trained_run])


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ("runs/faces", "expected a list of opened runs, received 'runs/faces'"),
        (["runs/a", "runs/b"], r"expected an opened run, as Run.open\(PATH\) returns, received 'runs/a'"),
        (None, "expected a list of opened runs, received None"),
    ],
)
def test_what_is_no_list_of_opened_runs_is_refused(runs, said):
    with pytest.raises(ArgumentError, match=said):
        compare(runs)


@pytest.mark.parametrize(("name", "wrong"), [("num_images", 0), ("num_images", 2.5), ("seed", -1)])
def test_numbers_that_no_comparison_takes_are_refused(trained_run, name, wrong):
    with pytest.raises(ArgumentError, match=f"{name} must be a whole number"):
        compare([trained_run, trained_run], **{name: wrong})


def test_images_of_different_sizes_stand_in_one_picture():
    from dcgan_tf.analysis.compare.figure import _of_one_shape

    small, large = np.zeros((2, 8, 8, 1), np.uint8), np.zeros((1, 20, 20, 3), np.uint8)
    (_, first), (_, second) = _of_one_shape([("small", small), ("large", large)])
    assert first.shape == (2, 20, 20, 3)
    assert second.shape == (1, 20, 20, 3)
    assert first[0, 2:18, 2:18].max() == 0
    assert first[0, :2].min() == 255


def test_attributes_make_kinds_of_their_combinations(subject):
    margins = {"crown": np.array([1.0, -1, 1, 1]), "smile": np.array([-1.0, -1, -1, 1])}
    predictions = SimpleNamespace(margins=margins, features=np.zeros((4, 2)))
    classifier = SimpleNamespace(classes=(), binary=("crown", "smile"), concepts=("crown", "smile"))
    judge = Judge(classifier, predictions, "here", np.zeros((1, 8, 8, 1), np.uint8))
    assert judge.kinds == {1: "crown+no-smile", 0: "no-crown+no-smile", 3: "crown+smile"}


@pytest.mark.parametrize("count", [1, 2, 8, 9, 30])
def test_every_group_has_a_colour_of_its_own(count):
    colours = colours_of(count)
    assert len(colours) == len({*colours}) == count
    assert colours[:1] == COLOURS[:1] or count > len(COLOURS)
