"""Copies and originals: generators of which it is known by construction whether they replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from dcgan_tf import analysis
from dcgan_tf.analysis.neighbours.closeness import FEATURES, PIXELS, Neighbours, neighbours_in_training
from dcgan_tf.analysis.neighbours.control import TRAINING, without_themselves
from dcgan_tf.analysis.neighbours.memorising import compare, explained_by_chance, verdict
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import RunError
from dcgan_tf.images import evenly_spaced, to_float
from dcgan_tf.runs.run import Run
from stand_ins import Draws

NUM = 200


class Replay(Draws):
    """A generator that shows one of the given images for each latent, with a little grain.

    A share of them comes from `copied`, every second one of these mirrored; the others come from `original`.
    """

    def __init__(self, copied, original, *, share):
        super().__init__(self.images)
        self.copied, self.original, self.share = copied, original, share

    def images(self, latents):
        return np.stack([self.image(np.abs(z)) for z in latents.astype(np.float64)])

    def image(self, z):
        number = int(z[0] * 1e6)
        source = self.copied if number % 100 < 100 * self.share else self.original
        image = to_float(source[number // 100 % len(source)])
        grain = np.random.default_rng(number).normal(0, 0.02, image.shape)
        return (image[:, ::-1] if source is self.copied and number % 2 else image) + grain


@pytest.fixture(scope="module")
def run(trained):
    return Run.open(trained)


@pytest.fixture(scope="module")
def sets(run):
    """Return (training images, held-out images that the analysis looks at, and those that it does not)."""
    subject = Subject(run)
    held_out = subject.held_out.images
    looked_at = evenly_spaced(len(held_out), NUM)
    return subject.train.images, held_out[looked_at], np.delete(held_out, looked_at, axis=0)


def found(run, sets, share):
    train, _, others = sets
    return analysis.neighbours(replace(run, generator=Replay(train, others, share=share)), num_images=NUM)


def value(finding, name):
    return next(measure for measure in finding.measures if name in measure.name)


@pytest.fixture(scope="module")
def copying(run, sets):
    return found(run, sets, 1.0)


@pytest.fixture(scope="module")
def honest(run, sets):
    return found(run, sets, 0.0)


def test_a_generator_that_replays_is_found_out(copying):
    assert copying.summary.startswith("memorises: ")
    assert value(copying, "near a training image").value > 0.9
    for space in (PIXELS, FEATURES):
        assert value(copying, f"distance in {space}").value < 0.5
        assert value(copying, f"probability that a sample is nearer in {space}").value > 0.95


def test_a_generator_of_new_images_is_not_accused(honest):
    assert honest.summary.startswith("does not memorise: ")
    assert value(honest, "near a training image").value < 0.03
    for space in (PIXELS, FEATURES):
        assert value(honest, f"distance in {space}").value == pytest.approx(1, abs=0.15)
        assert value(honest, f"probability that a sample is nearer in {space}").value == pytest.approx(
            0.5, abs=0.1
        )


def test_a_generator_that_replays_now_and_then_is_found_out_too(run, sets):
    finding = found(run, sets, 0.2)
    assert finding.summary.startswith("memorises: ")
    assert value(finding, "near a training image").value == pytest.approx(0.2, abs=0.08)
    assert value(finding, "distance in pixels").value > 0.8  # the medians alone would not have shown it


def test_mirrored_copies_are_found_as_such(copying):
    """Every second copy is a mirror image, and half of the near samples would be missed without the flips."""
    assert value(copying, "nearer in pixels than 1 %").value > 0.9


def test_every_number_has_a_control_and_the_protocol_says_how(copying):
    assert all(measure.controls for measure in copying.measures)
    assert copying.protocol["training_images"] == 296
    assert copying.protocol["num_images"] == copying.protocol["held_out_images"] == NUM
    assert "mirror image" in copying.protocol["distance"]
    assert copying.protocol["spaces"][FEATURES] == "digits classifier"
    assert "memorises" in copying.protocol["rule"]
    assert set(copying.details["spaces"]) == {PIXELS, FEATURES}


def test_the_result_is_a_function_of_the_seed(run):
    first, again = (analysis.neighbours(run, num_images=20, seed=3) for _ in range(2))
    assert first.measures == again.measures
    assert first.figure_png == again.figure_png


# Training images as the control


@pytest.fixture
def against_training(run, sets, monkeypatch):
    """Return what compares a share of copies of 300 images with these images; others are copied too.

    They are drawn anew: digits that follow each other are one person's, and those of a split do not.
    """
    mixed = np.random.default_rng(0).permutation(np.concatenate(sets))
    monkeypatch.setattr(Subject, "train", ImageSet(name="digits", images=mixed[:300]))
    monkeypatch.setattr(Subject, "held_out_or_none", None)

    def compared(share):
        replay = replace(run, generator=Replay(mixed[:300], mixed[300:], share=share))
        return analysis.neighbours(replay, num_images=400, control="training")

    return compared


def test_training_images_show_how_near_others_are_where_none_are_held_out(against_training):
    copying, honest = against_training(1.0), against_training(0.0)
    assert copying.summary.startswith("memorises: ")
    assert value(copying, "near a training image").value > 0.9
    assert "than 1% of training images are to each other" in copying.summary
    assert honest.summary.startswith("does not memorise: ")
    assert value(honest, "near a training image").value < 0.03
    assert value(honest, "distance in pixels").value == pytest.approx(1, abs=0.1)
    assert honest.protocol["held_out_images"] == honest.protocol["training_images"] == 300
    assert honest.protocol["spaces"][FEATURES] == "features of a discriminator with random weights"
    assert honest.protocol["control"] == "training images to each other"


def test_copies_now_and_then_are_found_among_training_images(against_training):
    finding = against_training(0.25)
    assert finding.summary.startswith("memorises: ")
    assert value(finding, "near a training image").value == pytest.approx(0.25, abs=0.08)


def test_an_image_is_no_neighbour_of_its_own():
    """The third has so many copies that it does not find itself among the nearest: the last one goes."""
    distances = np.array([[0, 2, 3], [1, 1, 4], [0, 0, 0]], np.float32)
    indices = np.array([[0, 5, 6], [7, 1, 8], [3, 4, 5]])
    mirrored = np.array([[False, True, False], [True, False, True], [False, True, True]])
    found = without_themselves(Neighbours(distances, indices, mirrored), np.array([0, 1, 2]))
    assert found.distances.tolist() == [[2, 3], [1, 4], [0, 0]]
    assert found.indices.tolist() == [[5, 6], [7, 8], [3, 4]]
    assert found.mirrored.tolist() == [[True, False], [True, True], [False, True]]


def test_two_images_that_are_each_other_s_nearest_count_as_one():
    """Chance explains more than among as many held-out images: the percentile is less certain.

    Below the fourth smallest of 285 lies a share of Beta(4, 282), and of Beta(2, 141) if pairs are one.
    """
    of_pairs = stats.betabinom(1000, 2, 141).isf(0.001) / 1000
    assert explained_by_chance(1000, 285, TRAINING) == pytest.approx(of_pairs)
    assert explained_by_chance(1000, 285) < explained_by_chance(1000, 285, TRAINING) < 0.1
    assert verdict(0, 1000, held_out=285, pictures=1.0, control=TRAINING).said == "does not memorise"
    few = verdict(0, 1000, held_out=100, pictures=1.0, control=TRAINING)
    assert few.why.startswith("of 100 training images to each other and 1,000 samples, chance explains")
    assert few.why.endswith("this takes 200 training images or more, and 1,000 samples (--num-images)")


def test_an_unknown_control_is_refused(run):
    with pytest.raises(ValueError, match="control must be one of held_out, training, received 'mine'"):
        analysis.neighbours(run, num_images=8, control="mine")


# The parts


def test_the_nearest_three_either_way_round():
    """Worked out by hand: pictures of one bright column, of which the mirror image has another one."""

    def column(place, level):
        image = np.zeros((4, 4, 1), np.uint8)
        image[:, place] = level
        return image

    train = np.stack([column(0, 100), column(3, 104), column(1, 100), column(0, 96), column(0, 100)])
    both = neighbours_in_training(column(0, 101)[None], train, lambda images: images[:, 0, :, 0] / 10.0)
    pixels, features = both[PIXELS], both[FEATURES]
    assert pixels.indices.tolist() == [[0, 4, 1]]
    assert pixels.mirrored.tolist() == [[False, False, True]]
    # four of the sixteen pixels differ by 1 and by 3 levels: root mean square 0.5 and 1.5
    np.testing.assert_allclose(pixels.distances, [[0.5, 0.5, 1.5]])
    np.testing.assert_allclose(features.distances, [[0.1, 0.1, 0.3]], rtol=1e-4)


def test_fewer_training_images_than_neighbours_are_all_found():
    train = np.zeros((2, 4, 4, 1), np.uint8)
    both = neighbours_in_training(train[:1], train, lambda images: images.reshape(len(images), -1))
    assert sorted(both[PIXELS].indices[0].tolist()) == [0, 1]


def test_a_comparison_worked_out_by_hand():
    held_out = np.arange(1, 101, dtype=np.float32)  # 1st percentile 1.99, median 50.5
    samples = np.array([0.5, 1.5, 101, 200], np.float32)
    compared = compare(samples, held_out)
    assert compared.threshold == pytest.approx(1.99)
    assert compared.near.tolist() == [True, True, False, False]
    assert compared.ratio == pytest.approx(51.25 / 50.5)
    assert compared.nearer == pytest.approx((100 + 99 + 0 + 0) / 400)
    assert compared.kolmogorov_smirnov == pytest.approx(0.5)


def test_the_effect_says_which_way():
    low, high = np.arange(50, dtype=np.float32), np.arange(100, 150, dtype=np.float32)
    assert compare(low, high).nearer == 1
    assert compare(high, low).nearer == 0
    assert compare(low, low).nearer == 0.5
    assert compare(low, high).p_value < 1e-9 < compare(low, low).p_value


@pytest.mark.parametrize(
    ("near", "count", "held_out", "said"),
    [
        (0, 1000, 1000, "does not memorise"),
        (10, 1000, 1000, "does not memorise"),  # what one expects
        (20, 1000, 1000, "does not memorise"),  # as many or more of 1,000 alike ones: P = 0.048
        (31, 1000, 1000, "may copy some"),  # P = 0.0007
        (99, 1000, 1000, "may copy some"),
        (100, 1000, 1000, "memorises"),
        (100, 1000, 50, "cannot be told"),  # the second smallest of 50 may well be above a tenth of all
        (0, 1000, 50, "cannot be told"),
        (175, 1000, 50, "memorises"),
        (0, 1000, 200, "does not memorise"),
        (1, 10, 1000, "cannot be told"),  # so few samples show no tenth
        (3, 10, 1000, "memorises"),
    ],
)
def test_the_rule(near, count, held_out, said):
    assert verdict(near, count, held_out=held_out, pictures=1.0).said == said


def test_what_chance_explains_is_worked_out_by_hand_for_one_sample():
    """Of 100 held-out images the percentile is below the second smallest, as one more is with P = 2/101."""
    assert explained_by_chance(1, 100) == 1.0
    assert verdict(1, 1, held_out=100, pictures=1.0).said == "cannot be told"


def test_a_verdict_that_cannot_be_told_says_what_would_help():
    few = verdict(100, 1000, held_out=50, pictures=1.0)
    assert few.title == "whether it memorises cannot be told"
    assert few.why == (
        "of 50 held-out images and 1,000 samples, chance explains up to 17.4% near ones; hold out 200 images "
        "or more (or compare with --control training), and draw 1,000 samples (--num-images)"
    )
    grain = verdict(500, 1000, held_out=1000, pictures=0.02)
    assert grain.said == "cannot be told"
    assert grain.why.startswith("only 2% of the samples have the form of real images")


def test_grain_is_called_no_copy_of_what_it_lies_near_to(run, sets):
    """Dark grain, and training images of which half are dark, as stars are."""
    grain = np.random.default_rng(0).integers(0, 40, (64, 16, 16, 1), np.uint8)
    finding = analysis.neighbours(replace(run, generator=Replay(grain, grain, share=1.0)), num_images=NUM)
    assert finding.summary.startswith("whether it memorises cannot be told: ")
    assert any("not pictures yet" in warning for warning in finding.warnings)
    assert value(finding, "form of real images").value == 0
    assert value(finding, "form of real images").controls["held-out images"] > 0.9


# What can be missing


def test_held_out_images_that_are_training_images_are_left_out(run, sets, monkeypatch):
    train, held_out, others = sets
    mixed = np.concatenate([held_out[:10], train[:5], train[5:10][:, :, ::-1]])
    monkeypatch.setattr(Subject, "held_out", ImageSet(name="digits", images=mixed))
    honest_run = replace(run, generator=Replay(train, others, share=0.0))
    finding = analysis.neighbours(honest_run, num_images=20)
    assert finding.protocol["held_out_images"] == 10
    assert finding.warnings[0].startswith("10 held-out images equal a training image or its mirror")
    assert "of 10 held-out images and 20 samples, chance explains up to" in finding.warnings[1]


def test_nothing_but_training_images_held_out_is_an_error(run, sets, monkeypatch):
    monkeypatch.setattr(Subject, "held_out", ImageSet(name="digits", images=sets[0][:8]))
    with pytest.raises(RunError, match="8 of 8 held-out images looked at are training images too"):
        analysis.neighbours(run, num_images=8)


def test_a_single_held_out_image_is_not_called_a_training_image(run, sets, monkeypatch):
    monkeypatch.setattr(Subject, "held_out", ImageSet(name="digits", images=sets[1][:1]))
    with pytest.raises(RunError, match=r"0 of 1 held-out images .* at least 2 others are needed"):
        analysis.neighbours(run, num_images=8)


def test_too_few_images_are_refused(run):
    with pytest.raises(ValueError, match=r"at least 8 samples are needed .*--num-images.*, received 1"):
        analysis.neighbours(run, num_images=1)


def test_no_held_out_images_is_an_error_that_says_how_to_get_some(run, monkeypatch):
    monkeypatch.setattr(Subject, "held_out_or_none", None)
    with pytest.raises(RunError, match="has no images besides those of split test; train on a split that"):
        analysis.neighbours(run, num_images=8)


def test_without_labels_the_discriminator_s_features_are_taken(run, monkeypatch):
    monkeypatch.setattr(Subject, "has_classifier", False)
    finding = analysis.neighbours(run, num_images=12)
    assert finding.protocol["spaces"][FEATURES] == "features of the run's own discriminator"


# The command


def test_the_command_says_it_in_one_line(trained, tmp_path):
    from dcgan_tf.cli import main

    options = ["neighbours", str(trained), "-n", "30", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, options)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("whether it memorises cannot be told: ")
    assert "not pictures yet" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"figure.png", "result.json"}
