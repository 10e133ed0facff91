"""The classifier: what it learns, how its quality is measured, and its cache."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.data.fingerprints import pixel_fingerprint
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.images import to_float
from dcgan_tf.judges.classifier import Predictions, _quality, can_judge, trained_classifier
from dcgan_tf.judges.network import load_weights
from quick import quick_judges


def stripes(num: int, *, seed: int, name: str = "stripes") -> ImageSet:
    """Images with a bright upper half ("sky") or not, of any "light", with stripes in three directions."""
    rng = np.random.default_rng(seed)
    sky, light, kind = rng.integers(0, 2, num), rng.uniform(-1, 1, num), rng.integers(0, 3, num)
    rows, columns = np.mgrid[:16, :16]
    pattern = np.stack([rows % 4 < 2, columns % 4 < 2, (rows + columns) % 4 < 2])[kind]
    images = 90 + 30 * light[:, None, None] + 40 * pattern
    images[:, :8] += 60 * sky[:, None, None]
    images = np.clip(images + rng.normal(0, 4, images.shape), 0, 255).astype(np.uint8)[..., None]
    return ImageSet(
        name=name,
        images=images,
        labels=kind.astype(np.int64),
        label_names=("rows", "columns", "diagonals"),
        attributes={"sky": sky.astype(np.uint8), "light": light.astype(np.float32)},
        fingerprint=pixel_fingerprint(images),
    )


@pytest.fixture(scope="module")
def train() -> ImageSet:
    return stripes(600, seed=0)


@pytest.fixture(scope="module")
def held_out() -> ImageSet:
    return stripes(200, seed=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("classifiers")


@pytest.fixture(scope="module")
def classifier(train, held_out, cache):
    return trained_classifier(train, held_out, cache_dir=cache)


def test_attributes_values_and_classes_are_learnt(classifier, held_out):
    assert classifier.binary == ("sky",)
    assert classifier.continuous == ("light",)
    assert classifier.concepts == ("sky", "rows", "columns", "diagonals")
    predictions = classifier.predict(held_out.images)
    assert np.mean((predictions.margins["sky"] > 0) == held_out.attributes["sky"]) >= 0.98
    shown = np.stack([predictions.margins[name] for name in held_out.label_names], axis=1)
    assert np.mean(shown.argmax(1) == held_out.labels) >= 0.98
    assert np.corrcoef(predictions.values["light"], held_out.attributes["light"])[0, 1] >= 0.95
    assert predictions.features.shape == (200, 128)


def test_at_most_one_class_is_shown(classifier, held_out):
    margins = classifier.predict(held_out.images).margins
    shown = np.stack([margins[name] > 0 for name in held_out.label_names])
    assert shown.sum(axis=0).max() == 1


def test_gradients_flow_through_the_same_features(classifier, held_out):
    images = np.asarray(held_out.images[:8])
    pixels = tf.constant(to_float(images))
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        features = classifier.differentiable_features(pixels, training=False)
    np.testing.assert_allclose(features, classifier.predict(images).features, atol=1e-5)
    gradient = tape.gradient(features, pixels)  # of their sum
    assert np.abs(gradient).max() > 0


def test_quality_is_that_on_the_held_out_images(classifier, held_out):
    predictions = classifier.predict(held_out.images)
    right = np.mean((predictions.margins["sky"] > 0) == held_out.attributes["sky"])
    assert classifier.quality["sky"] == pytest.approx(right)
    rows = held_out.labels == 0
    assert classifier.quality["rows"] == pytest.approx(np.mean(predictions.margins["rows"][rows] > 0))
    assert classifier.num_held_out == 200


def test_held_out_classes_are_told_by_their_names(classifier, held_out):
    """A folder's held-out images may lack a class, or have another one, and then number the others anew."""
    predictions = classifier.predict(held_out.images)
    some = held_out.labels > 0  # no rows
    strangers = np.arange(len(held_out)) % 5 == 0
    names = np.where(strangers, "crosses", np.array(held_out.label_names)[held_out.labels])[some]
    label_names = ("columns", "crosses", "diagonals")
    renumbered = ImageSet(
        "stripes",
        held_out.images[some],
        labels=np.searchsorted(label_names, names),
        label_names=label_names,
    )
    part = Predictions(
        {name: margins[some] for name, margins in predictions.margins.items()}, {}, predictions.features[some]
    )
    quality = _quality(part, renumbered, classifier.classes)
    assert quality["rows"] == 0
    for name in ("columns", "diagonals"):
        assert quality[name] == pytest.approx(np.mean(part.margins[name][names == name] > 0))
        assert quality[name] >= 0.95


def test_the_second_time_it_comes_from_the_cache(classifier, train, held_out, cache, monkeypatch):
    monkeypatch.setattr("dcgan_tf.judges.classifier.fit", None)  # training again would fail
    again = trained_classifier(train, held_out, cache_dir=cache)
    assert again.quality == classifier.quality
    np.testing.assert_array_equal(
        again.predict(held_out.images).features, classifier.predict(held_out.images).features
    )


def test_training_is_deterministic(quick_judges, train, held_out, tmp_path):
    one, other = (trained_classifier(train, held_out, cache_dir=tmp_path / name) for name in "ab")
    np.testing.assert_array_equal(
        one.predict(held_out.images).margins["sky"], other.predict(held_out.images).margins["sky"]
    )


@pytest.fixture
def trainings(classifier, monkeypatch) -> list[ImageSet]:
    """Return the sets that classifiers are trained on from here on; the training itself is left out."""
    sets: list[ImageSet] = []
    monkeypatch.setattr(
        "dcgan_tf.judges.classifier._train_and_measure", lambda train, _: sets.append(train) or classifier
    )
    return sets


def rewritten(name, change):
    def damage(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(change(content))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        rewritten("classifier.json", lambda text: text[: len(text) // 2]),
        rewritten("classifier.json", lambda text: b"5"),
        rewritten("classifier.json", lambda text: text.replace(b'"sky": 1.0', b'"sky": null')),
        rewritten("classifier.json", lambda text: text.replace(b'"image_shape"', b'"shape"')),
        rewritten("weights.npz", lambda weights: b""),
        rewritten("weights.npz", lambda weights: weights[:3000]),
        rewritten("weights.npz", lambda weights: weights[:3000] + weights[4000:]),
        rewritten("weights.npz", lambda weights: weights[:-5000] + bytes(5000)),
        lambda folder: (folder / "weights.npz").unlink(),
    ],
)
def test_a_damaged_one_is_trained_again(train, held_out, trainings, tmp_path, caplog, damage):
    trained_classifier(train, held_out, cache_dir=tmp_path)
    (folder,) = tmp_path.iterdir()
    damage(folder)
    caplog.clear()
    trained_classifier(train, held_out, cache_dir=tmp_path)
    assert trainings == [train, train]
    assert f"{folder} is damaged" in caplog.records[0].getMessage()
    trained_classifier(train, held_out, cache_dir=tmp_path)
    assert len(trainings) == 2
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("part", ["train", "held_out"])
@pytest.mark.parametrize(
    "change",
    [
        lambda told: {"labels": (told.labels + 1) % 3},
        lambda told: {"label_names": ("lines", *told.label_names[1:])},
        lambda told: {"attributes": told.attributes | {"sky": 1 - told.attributes["sky"]}},
        lambda told: {"attributes": told.attributes | {"light": told.attributes["light"] / 2}},
        lambda told: {"attributes": {"dark" if n == "light" else n: v for n, v in told.attributes.items()}},
    ],
)
def test_another_is_trained_when_something_else_is_told_of_the_same_images(
    train, held_out, trainings, tmp_path, change, part
):
    sets = {"train": train, "held_out": held_out}
    trained_classifier(*sets.values(), cache_dir=tmp_path)
    sets[part] = replace(sets[part], **change(sets[part]))
    trained_classifier(*sets.values(), cache_dir=tmp_path)
    assert trainings == [train, sets["train"]]


@pytest.mark.parametrize(("num", "expected"), [(30, None), (60, 60)])
def test_a_small_share_that_is_kept_aside_is_no_measure(
    classifier, train, tmp_path, monkeypatch, num, expected
):
    """It would have an image or two of each class; a tenth of the training images has more."""
    measured = []
    monkeypatch.setattr(
        "dcgan_tf.judges.classifier._train_and_measure",
        lambda train, held_out: measured.append(held_out and len(held_out)) or classifier,
    )
    share = stripes(num, seed=1)
    trained_classifier(replace(train, held_out=share), share, cache_dir=tmp_path)
    trained_classifier(train, share, cache_dir=tmp_path)
    assert measured == ([expected, num] if expected != num else [num])


@pytest.mark.parametrize(
    "lacking",
    [
        lambda images: replace(images, attributes={"sky": images.attributes["sky"]}),
        lambda images: replace(images, attributes={}, labels=None),
        lambda images: images.subset(images.labels > 0),
    ],
)
def test_images_that_lack_an_attribute_or_a_class_are_no_measure(
    classifier, train, held_out, tmp_path, monkeypatch, lacking
):
    measured = []
    monkeypatch.setattr(
        "dcgan_tf.judges.classifier._train_and_measure",
        lambda train, held_out: measured.append(held_out) or classifier,
    )
    trained_classifier(train, lacking(held_out), cache_dir=tmp_path)
    assert measured == [None]


def test_an_attribute_that_only_held_out_images_have_is_passed_over(classifier, held_out):
    scarf = np.zeros(len(held_out), np.uint8)
    other = replace(held_out, attributes={**held_out.attributes, "scarf": scarf, "depth": scarf / 2})
    predictions = classifier.predict(held_out.images)
    assert _quality(predictions, other, classifier.classes) == classifier.quality


@pytest.mark.parametrize("aside", [True, False])
def test_the_judge_of_shapes_knows_a_share_that_is_kept_aside(classifier, monkeypatch, aside):
    """It is then measured on every tenth image, as the classifier of colours is."""
    images = stripes(40, seed=0)
    coloured = replace(images, images=np.repeat(images.images, 3, axis=3))
    share = coloured.subset(np.arange(4))
    taken, shapes = [], importlib.import_module("dcgan_tf.judges.grey")
    monkeypatch.setattr(shapes, "trained_classifier", lambda *sets, **_: taken.extend(sets) or classifier)
    shapes.shape_judge(replace(coloured, held_out=share if aside else None), share)
    train, others = taken
    assert others.images.shape == (4, 16, 16, 1)
    assert (train.held_out is others) is aside


def test_a_full_cache_does_not_lose_the_classifier(classifier, train, trainings, tmp_path, caplog):
    (tmp_path / "cache").touch()
    assert trained_classifier(train, cache_dir=tmp_path / "cache") is classifier
    assert "the classifier will be trained again" in caplog.text


def test_a_long_name_is_no_problem(train, trainings, tmp_path):
    trained_classifier(replace(train, name="猫" * 90), cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_weights_of_which_one_is_missing_are_an_error(classifier, tmp_path):
    weights = classifier.network.get_weights()
    np.savez(tmp_path / "weights.npz", **{f"arr_{i + 1}": weight for i, weight in enumerate(weights)})
    with pytest.raises(ValueError, match=r"weights.npz is incomplete: .*arr_0"):
        load_weights(classifier.network, tmp_path / "weights.npz")


def test_without_held_out_images_every_tenth_is_held_out(train, tmp_path):
    with quick_judges(classifier_steps=150):
        classifier = trained_classifier(train, cache_dir=tmp_path)
    assert classifier.num_held_out == 60
    assert classifier.quality["sky"] >= 0.95


def test_what_cannot_be_learnt_is_measured_as_chance_and_doubted(tmp_path, held_out):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (400, 16, 16, 1)).astype(np.uint8)
    coin = {"coin": rng.integers(0, 2, 400).astype(np.uint8)}
    train = ImageSet("coins", images[:200], attributes={"coin": coin["coin"][:200]}, fingerprint="a")
    held_out = ImageSet("coins", images[200:], attributes={"coin": coin["coin"][200:]}, fingerprint="b")
    with quick_judges(classifier_steps=150):  # enough to know the training images by heart
        classifier = trained_classifier(train, held_out, cache_dir=tmp_path)
    assert np.mean((classifier.predict(train.images).margins["coin"] > 0) == train.attributes["coin"]) > 0.9
    assert classifier.quality["coin"] == pytest.approx(0.5, abs=0.12)
    (sentence,) = classifier.doubtful(["coin"])
    assert "is right about 'coin' in only" in sentence
    assert "(below 95%)" in sentence


@pytest.mark.parametrize(("correlation", "doubted"), [(0.949, True), (0.951, False), (float("nan"), True)])
def test_a_continuous_attribute_is_doubted_by_its_correlation(classifier, correlation, doubted):
    sentences = replace(classifier, quality={"light": correlation}).doubtful(["light"])
    assert [f"'light' correlate with the truth at only {correlation:.2f}" in s for s in sentences] == (
        [True] if doubted else []
    )


def test_unlabelled_images_cannot_be_judged(tmp_path):
    plain = ImageSet("plain", np.zeros((4, 16, 16, 1), np.uint8))
    assert not can_judge(plain)
    with pytest.raises(ValueError, match="neither attributes nor labels"):
        trained_classifier(plain, cache_dir=tmp_path)
