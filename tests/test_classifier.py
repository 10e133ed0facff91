"""The classifier: what it learns, how its quality is measured, and its cache."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.classifier import Reading, _quality, can_judge, trained_classifier
from dcgan_tf.data.image_set import ImageSet, pixel_fingerprint
from dcgan_tf.judge_network import load_weights


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
    reading = classifier.read(held_out.images)
    assert np.mean((reading.margins["sky"] > 0) == held_out.attributes["sky"]) >= 0.98
    shown = np.stack([reading.margins[name] for name in held_out.label_names], axis=1)
    assert np.mean(shown.argmax(1) == held_out.labels) >= 0.98
    assert np.corrcoef(reading.values["light"], held_out.attributes["light"])[0, 1] >= 0.95
    assert reading.features.shape == (200, 128)


def test_at_most_one_class_is_shown(classifier, held_out):
    margins = classifier.read(held_out.images).margins
    shown = np.stack([margins[name] > 0 for name in held_out.label_names])
    assert shown.sum(axis=0).max() == 1


def test_quality_is_that_on_the_held_out_images(classifier, held_out):
    reading = classifier.read(held_out.images)
    right = np.mean((reading.margins["sky"] > 0) == held_out.attributes["sky"])
    assert classifier.quality["sky"] == pytest.approx(right)
    rows = held_out.labels == 0
    assert classifier.quality["rows"] == pytest.approx(np.mean(reading.margins["rows"][rows] > 0))
    assert classifier.num_held_out == 200


def test_held_out_classes_are_told_by_their_names(classifier, held_out):
    """A folder's held-out images may lack a class, or have another one, and then number the others anew."""
    reading = classifier.read(held_out.images)
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
    part = Reading(
        {name: margins[some] for name, margins in reading.margins.items()}, {}, reading.features[some]
    )
    quality = _quality(part, renumbered, classifier.classes)
    assert quality["rows"] == 0
    for name in ("columns", "diagonals"):
        assert quality[name] == pytest.approx(np.mean(part.margins[name][names == name] > 0))
        assert quality[name] >= 0.95


def test_the_second_time_it_comes_from_the_cache(classifier, train, held_out, cache, monkeypatch):
    monkeypatch.setattr("dcgan_tf.classifier.fit", None)  # training again would fail
    again = trained_classifier(train, held_out, cache_dir=cache)
    assert again.quality == classifier.quality
    np.testing.assert_array_equal(
        again.read(held_out.images).features, classifier.read(held_out.images).features
    )


def test_training_is_deterministic(classifier, train, held_out, tmp_path):
    again = trained_classifier(train, held_out, cache_dir=tmp_path)
    np.testing.assert_array_equal(
        again.read(held_out.images).margins["sky"], classifier.read(held_out.images).margins["sky"]
    )


def test_a_damaged_one_says_what_to_do(classifier, train, held_out, cache):
    (folder,) = (path for path in cache.iterdir() if (path / "classifier.json").exists())
    text = (folder / "classifier.json").read_text()
    (folder / "classifier.json").write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match=r"is damaged .* delete that folder"):
        trained_classifier(train, held_out, cache_dir=cache)
    (folder / "classifier.json").write_text(text)


@pytest.mark.parametrize("damage", [lambda weights: b"", lambda weights: weights[:3000]])
def test_damaged_weights_say_what_to_do(classifier, train, held_out, cache, damage):
    (file,) = cache.glob("*/weights.npz")
    weights = file.read_bytes()
    file.write_bytes(damage(weights))
    with pytest.raises(ValueError, match=r"is damaged \(weights.npz is incomplete: .* delete that folder"):
        trained_classifier(train, held_out, cache_dir=cache)
    file.write_bytes(weights)


def test_weights_of_which_one_is_missing_are_an_error(classifier, tmp_path):
    weights = classifier.network.get_weights()
    np.savez(tmp_path / "weights.npz", **{f"arr_{i + 1}": weight for i, weight in enumerate(weights)})
    with pytest.raises(ValueError, match=r"weights.npz is incomplete: .*arr_0"):
        load_weights(classifier.network, tmp_path / "weights.npz")


def test_without_held_out_images_every_tenth_is_held_out(train, tmp_path):
    classifier = trained_classifier(train, cache_dir=tmp_path)
    assert classifier.num_held_out == 60
    assert classifier.quality["sky"] >= 0.95


def test_what_cannot_be_learnt_is_measured_as_chance_and_doubted(tmp_path, held_out):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (400, 16, 16, 1)).astype(np.uint8)
    coin = {"coin": rng.integers(0, 2, 400).astype(np.uint8)}
    train = ImageSet("coins", images[:200], attributes={"coin": coin["coin"][:200]}, fingerprint="a")
    held_out = ImageSet("coins", images[200:], attributes={"coin": coin["coin"][200:]}, fingerprint="b")
    classifier = trained_classifier(train, held_out, cache_dir=tmp_path)
    assert classifier.quality["coin"] == pytest.approx(0.5, abs=0.12)
    (sentence,) = classifier.doubtful(["coin"])
    assert "is right about 'coin' in only" in sentence
    assert "(below 95%)" in sentence


def test_unlabelled_images_cannot_be_judged(tmp_path):
    plain = ImageSet("plain", np.zeros((4, 16, 16, 1), np.uint8))
    assert not can_judge(plain)
    with pytest.raises(ValueError, match="neither attributes nor labels"):
        trained_classifier(plain, cache_dir=tmp_path)
