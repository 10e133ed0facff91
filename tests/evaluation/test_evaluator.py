"""An evaluation from end to end, in a planted space: what is told, remembered, refused and repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dcgan_tf.config import DataConfig, preset
from dcgan_tf.data import load_data
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.evaluator import Evaluator
from dcgan_tf.evaluation.feature_spaces import Features
from dcgan_tf.evaluation.real_images import RealImages
from dcgan_tf.evaluation.scores import LOOK, OF_FEATURES, frechet
from dcgan_tf.progress import no_bar
from dcgan_tf.runs.records import write_json
from planted_space import PixelSpace


def waves(count: int, *, seed: int, contrast: float = 60.0) -> np.ndarray:
    """Return grainy pictures of a wave each, of its own direction and phase, uint8 [N, 16, 16, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    angle, phase = (rng.uniform(0, 2 * np.pi, (count, 1, 1)) for _ in range(2))
    wave = np.sin((np.cos(angle) * rows + np.sin(angle) * columns) / 2 + phase)
    grain = rng.normal(0, 10, wave.shape)
    return np.clip(128 + contrast * wave + grain, 0, 255).astype(np.uint8)[..., None]


def draw(num: int, *, seed: int) -> np.ndarray:
    return waves(num, seed=100 + seed, contrast=40)


@pytest.fixture
def evaluator(tmp_path) -> Evaluator:
    train, test = (ImageSet("waves", waves(400, seed=seed)) for seed in (0, 1))
    real = RealImages.of(DataConfig(spec="waves"), train, ("test", test))
    space = PixelSpace.principal(train.images, 64)
    return Evaluator(real, space, 400, metrics=OF_FEATURES, cache_dir=tmp_path, bar=no_bar)


@pytest.fixture(scope="module")
def quick_digits() -> DataConfig:
    return preset("quick", data="digits", channels=1, image_size=(16, 16)).data


def test_pale_waves_lie_between_real_ones_and_pixels_without_form(evaluator):
    evaluation = evaluator.evaluate(draw, source="pale", step=3, generator="none")
    row = evaluation.rows[0]
    assert row.score.key == "frechet_distance"
    assert row.real + 3 * row.score.error < row.score.value < row.bad
    assert not any("memorised" in said for said in evaluation.warnings)
    protocol = evaluation.protocol
    assert protocol["space"] == "planted pixels"
    assert protocol["real_images"] == "400 images of split test (held out)"
    assert (protocol["source"], protocol["step"], protocol["seed"]) == ("pale", 3, 0)


def test_the_same_again_is_equal_and_another_seed_is_within_the_error(evaluator):
    first, again, other = (replace(evaluator, seed=seed).evaluate(draw, source="pale") for seed in (0, 0, 1))
    assert first.rows == again.rows
    assert first.rows != other.rows
    for one, two in zip(first.rows, other.rows, strict=True):
        assert abs(one.score.value - two.score.value) <= 5 * np.hypot(one.score.error, two.score.error), one


def test_copies_of_the_reference_are_suspected(evaluator):
    copied = evaluator.evaluate(lambda num, *, seed: evaluator.real.reference[:num], source="copies")
    assert copied.rows[0].score.value == pytest.approx(0, abs=1e-6)
    assert any("may have memorised training images" in said for said in copied.warnings)


def test_real_images_are_looked_at_once_however_often_one_evaluates(evaluator):
    evaluator.evaluate(draw, source="pale")
    # The pictures, the reference, the others, independent pixels, and three more that are no pictures.
    assert evaluator.space.looked_at == 7 * 400
    evaluator.evaluate(draw, source="pale")
    assert evaluator.space.looked_at == 8 * 400
    replace(evaluator).evaluate(draw, source="pale")  # as in another process: from the cache on disk
    assert evaluator.space.looked_at == 9 * 400


def test_damaged_remembered_features_are_made_again(evaluator, tmp_path):
    before = evaluator.evaluate(draw, source="pale").rows
    for file in tmp_path.glob("features-*.npz"):
        file.write_bytes(file.read_bytes()[:100])
    assert replace(evaluator).evaluate(draw, source="pale").rows == before
    assert evaluator.space.looked_at == 2 * 7 * 400


def test_a_cache_that_cannot_be_written_stops_no_evaluation(evaluator, tmp_path, caplog):
    (tmp_path / "file").touch()
    found = replace(evaluator, cache_dir=tmp_path / "file").evaluate(draw, source="pale")
    assert found.rows == evaluator.evaluate(draw, source="pale").rows
    assert "the next evaluation computes the features of these images again" in caplog.text


def test_more_pictures_than_other_real_images_are_noted(evaluator):
    more = replace(evaluator, num_images=500).evaluate(draw, source="pale")
    assert more.warnings[-1].startswith("500 pictures were drawn, but there are only 400 other real images")
    assert more.protocol["real_images"] == "400 images of split test (held out)"


def test_the_other_end_of_the_scale_stands_still_whatever_the_seed(evaluator):
    scales = [replace(evaluator, seed=seed, metrics=[frechet]).formless_scores for seed in (0, 1)]
    assert scales[0]["frechet_distance"].value > 0
    assert scales[0] == scales[1]


class BlindSpace(PixelSpace):
    """Sees the same in whatever it is shown, as a network may in what it was never trained on."""

    def read(self, images: np.ndarray) -> Features:
        points = np.random.default_rng(len(images)).normal(size=(len(images), 4))
        return Features(points.astype(np.float32), np.ones((len(images), 1), np.float32))


def grey(num: int, *, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(128, 4, (num, 16, 16, 1)).astype(np.uint8)


def test_grey_that_features_take_for_real_ranks_below_photographs_and_is_told(evaluator, tmp_path):
    blind = replace(evaluator, space=BlindSpace(np.zeros((256, 4))), cache_dir=tmp_path / "blind")
    evaluation = blind.evaluate(grey, source="grey")
    precision, density = (row for row in evaluation.rows if row.score.question == LOOK)
    assert precision.score.features_alone > 0.9
    assert precision.score.value == density.score.value == 0.0
    assert precision.real > 0.8
    assert all(end.value < 0.01 for end in precision.controls.values())
    told = evaluation.warnings[0]
    assert told.startswith("precision in these features alone cannot be trusted here: other real images get")
    for name in ("pixels without form", "blurred real images", "untrained generator", "random pixels"):
        assert f"{name} 0.9" in told or f"{name} 1.00" in told


def test_pictures_of_another_size_are_refused(evaluator):
    with pytest.raises(ValueError, match=r"must be uint8 \[16, 16, 1\] .*, received uint8 \[8, 8, 1\]; draw"):
        evaluator.evaluate(lambda num, *, seed: np.zeros((num, 8, 8, 1), np.uint8), source="small")


def test_few_pictures_are_refused(evaluator):
    with pytest.raises(ValueError, match="needs at least 50 images, received 49"):
        replace(evaluator, num_images=49)


def test_an_unknown_space_is_refused():
    config = DataConfig(spec="digits", image_size=(16, 16), channels=1)
    with pytest.raises(ValueError, match="one of classifier, inception, swd, received 'fid'"):
        Evaluator.of(config, space="fid")


def test_digits_without_a_space_are_compared_by_their_pixels():
    config = DataConfig(spec="digits", image_size=(16, 16), channels=1)
    evaluator = Evaluator.of(config, space="swd")
    assert evaluator.space is None
    assert evaluator.num_images == len(evaluator.real.others) == 296
    assert len(evaluator.real.reference) == 1501


@pytest.mark.parametrize("number", [1, 399, 401])
def test_another_number_of_pictures_than_was_asked_for_is_refused(evaluator, number):
    """The protocol would say 400, beside the scores of 400 real images."""
    with pytest.raises(ArgumentError, match=f"expected 400 pictures, .* received {number}"):
        evaluator.evaluate(lambda num, *, seed: draw(number, seed=seed), source="others")


def test_no_pictures_are_not_as_many_as_there_are_real_ones(quick_digits):
    with pytest.raises(ArgumentError, match="at least 50 images, received 0"):
        Evaluator.of(quick_digits, space="swd", num_images=0)


def test_a_class_may_be_a_number_in_python_too(quick_digits):
    by_name, by_number = (Evaluator.of(quick_digits, space="swd", label=label) for label in ("3", 3))
    assert by_name.label == by_number.label == "3"
    np.testing.assert_array_equal(by_name.real.reference, by_number.real.reference)


def test_paths_may_be_text(quick_digits, tmp_path):
    data = load_data(quick_digits)
    write_json(tmp_path / "data.json", {"fingerprint": data.fingerprint})
    own = Evaluator.of(quick_digits, space="swd", trained_in=str(tmp_path))
    assert own.num_images == len(own.real.others)
    with pytest.raises(ArgumentError, match=r"none\.h5 does not exist; give Keras' file"):
        Evaluator.of(quick_digits, space="inception", weights=str(tmp_path / "none.h5"))


def test_what_draws_is_a_function_that_returns_pictures(evaluator):
    with pytest.raises(
        ArgumentError, match=r"draw must be a function, such as run\.sample, received 'runs/faces'"
    ):
        evaluator.evaluate("runs/faces")
    with pytest.raises(
        ArgumentError, match=r"must be uint8 \[16, 16, 1\] like the real images, received int64"
    ):
        evaluator.evaluate(lambda num, *, seed: [1] * num)


@pytest.mark.parametrize("number", [60.5, "60"])
def test_a_number_of_pictures_is_a_whole_one(quick_digits, number):
    with pytest.raises(ArgumentError, match="at least 50 images, received"):
        Evaluator.of(quick_digits, space="swd", num_images=number)
