"""The drawn portraits: pure functions of (seed, split, index), with exactly the attributes they claim."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest

from dcgan_tf.config import DataConfig
from dcgan_tf.data.portraits import drawing as portrait_drawing
from dcgan_tf.data.portraits import portraits
from dcgan_tf.data.portraits.layers import LAYERS
from dcgan_tf.data.portraits.shapes import Window, open_window

SIZE = (64, 64)
NOMINAL_SHARES = {"woman": 0.5, "crown": 0.4, "glasses": 0.35, "smile": 0.5}


def with_and_without(attribute: str, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Draw the same people with and without an attribute; as int, so that differences keep their sign."""
    people = portraits.sample(range(count))
    without, with_ = (
        portrait_drawing.render(replace(people, **{attribute: np.full(count, value, np.float32)}), SIZE)
        for value in (0, 1)
    )
    return with_.astype(int), without.astype(int)


def box_mask(boxes: np.ndarray, margin: float) -> np.ndarray:
    """Return bool [n, height, width]: which pixels have their centre in the box, widened by a margin."""
    top, left, bottom, right = (edge[:, None, None] for edge in boxes.T)
    rows, columns = np.arange(SIZE[0])[:, None] + 0.5, np.arange(SIZE[1]) + 0.5
    vertical = (rows > top - margin) & (rows < bottom + margin)
    return vertical & (columns > left - margin) & (columns < right + margin)


def halve(pictures: np.ndarray) -> np.ndarray:
    """Return the pictures at half their size, each pixel the mean of four."""
    n, height, width, channels = pictures.shape
    return pictures.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


# Purity


def test_a_picture_does_not_depend_on_its_batch():
    batch = portraits.draw(range(100), image_size=SIZE)
    for index in (0, 5, 31, 32, 99):
        np.testing.assert_array_equal(portraits.draw([index], image_size=SIZE)[0], batch[index])


@pytest.mark.parametrize("image_size", [(28, 28), (33, 47)])
def test_order_and_repetition_of_indices_do_not_matter(image_size):
    batch = portraits.draw(range(20), image_size=image_size)
    order = [7, 3, 3, 19, 0]
    np.testing.assert_array_equal(portraits.draw(order, image_size=image_size), batch[order])


def test_chunks_do_not_matter(monkeypatch):
    expected = portraits.draw(range(40), image_size=SIZE)
    monkeypatch.setattr(portraits, "_PIXELS_AT_ONCE", 7 * 64 * 64)
    np.testing.assert_array_equal(portraits.draw(range(40), image_size=SIZE), expected)


def test_other_calls_do_not_matter():
    first = portraits.draw(range(5), image_size=SIZE)
    np.random.seed(1)
    portraits.draw(range(50, 60), image_size=(32, 32), seed=9, split="test")
    np.testing.assert_array_equal(portraits.draw(range(5), image_size=SIZE), first)


def test_attributes_do_not_depend_on_the_batch():
    whole, part = portraits.attributes(range(50)), portraits.attributes([41, 8])
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][[41, 8]])


def test_layers_paint_nothing_outside_their_windows(monkeypatch):
    people = portraits.sample(range(150), seed=3)
    expected = portrait_drawing.render(people, SIZE)
    monkeypatch.setattr(Window, "crop", lambda window, *bounds: window)
    np.testing.assert_array_equal(portrait_drawing.render(people, SIZE), expected)


def test_the_drawing_is_the_one_that_this_version_names():
    """Whoever changes the drawing raises VERSION, so that no cache shows the old one, and pins a new one."""
    assert portraits.VERSION == 1
    digests = {
        split: hashlib.sha256(
            portraits.draw(range(8), image_size=(32, 32), split=split).tobytes()
        ).hexdigest()
        for split in ("train", "test")
    }
    assert digests == {
        "train": "d6f86a5cfee152694785b0d413dd165c573a0b2dc346a4d5dcf6dedf2187ef0d",
        "test": "7af7b5f186764de215b4d86a6f5475b7f0c69ba13fa9ba04f3517ba1dda333ee",
    }


# Different numbers, different people


@pytest.mark.parametrize("other", [{"split": "test"}, {"seed": 1}, {"seed": -1}, {"seed": 2**32}])
def test_splits_and_seeds_are_different_people(other):
    first, second = portraits.sample(range(200)), portraits.sample(range(200), **other)
    for field in fields(portraits.Portrait):
        assert (getattr(first, field.name) != getattr(second, field.name)).mean() > 0.15, field.name


def test_no_two_of_many_pictures_are_alike():
    pictures = portraits.draw(range(500), image_size=(16, 16)).reshape(500, -1)
    assert len(np.unique(pictures, axis=0)) == 500


def test_test_people_are_not_among_the_train_people():
    turns = {split: portraits.attributes(range(2_000), split=split)["turn"] for split in portraits.SPLITS}
    # Two numbers of 24 bits coincide by chance in about one of four such comparisons.
    assert len(np.intersect1d(turns["train"], turns["test"])) < 5


# Attributes


def test_attributes_have_the_promised_names_types_and_ranges():
    found = portraits.attributes(range(1_000))
    assert tuple(found) == portraits.BINARY_ATTRIBUTES + portraits.CONTINUOUS_ATTRIBUTES
    for name in portraits.BINARY_ATTRIBUTES:
        assert found[name].dtype == np.uint8
        assert found[name].shape == (1_000,)
        assert set(found[name]) == {0, 1}
    assert found["turn"].dtype == np.float32
    assert -1 <= found["turn"].min() < -0.98
    assert 0.98 < found["turn"].max() <= 1


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", NOMINAL_SHARES)
def test_shares_are_nominal(name, split):
    count, share = portraits.SPLITS[split], NOMINAL_SHARES[name]
    found = portraits.attributes(range(count), split=split)[name].mean()
    assert abs(found - share) < 4 * np.sqrt(share * (1 - share) / count)


def test_turn_is_uniform():
    counts, _ = np.histogram(portraits.attributes(range(20_000))["turn"], bins=10, range=(-1, 1))
    # Chi-squared with 9 degrees of freedom exceeds 33 once in ten thousand.
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 33


def test_attributes_and_nuisance_are_uncorrelated():
    people = portraits.sample(range(20_000))
    columns = [getattr(people, field.name) for field in fields(people)]
    table = np.stack([values if values.ndim == 1 else values.mean(axis=1) for values in columns])
    correlation = np.corrcoef(table)[: len(NOMINAL_SHARES) + 1]
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(20_000)


def test_drawn_people_have_the_attributes_they_claim():
    claimed = portraits.attributes(range(50))
    people = portraits.sample(range(50))
    honest = portrait_drawing.render(replace(people, **claimed), SIZE)
    np.testing.assert_array_equal(honest, portraits.draw(range(50), image_size=SIZE))
    liars = replace(people, crown=1 - claimed["crown"].astype(np.float32))
    assert (portrait_drawing.render(liars, SIZE) != honest).any(axis=(1, 2, 3)).all()


# Pixels


@pytest.mark.parametrize(("name", "changed_share"), [("crown", 0.08), ("glasses", 0.04), ("smile", 0.02)])
def test_an_attribute_changes_its_box_boldly_and_nothing_else(name, changed_share):
    with_, without = with_and_without(name)
    changed = np.abs(with_ - without).max(axis=-1) > 2
    boxes = portraits.attribute_boxes(range(100), image_size=SIZE)[name]
    assert not (changed & ~box_mask(boxes, margin=1.0)).any()
    assert changed.mean(axis=(1, 2)).min() > changed_share
    # The boxes are not needlessly large: most of their pixels change.
    assert (changed.sum(axis=(1, 2)) / box_mask(boxes, margin=0).sum(axis=(1, 2))).mean() > 0.6


def test_a_crown_is_golden():
    with_, _ = with_and_without("crown")
    inside = box_mask(portraits.attribute_boxes(range(100), image_size=SIZE)["crown"], margin=0)
    red, green, blue = np.moveaxis(with_, -1, 0)
    golden = (red > 150) & (green > 110) & (blue < 0.72 * green) & (red > green) & inside
    assert (golden.sum(axis=(1, 2)) / inside.sum(axis=(1, 2))).min() > 0.2


def test_a_smile_shows_white_teeth():
    with_, without = with_and_without("smile")
    inside = box_mask(portraits.attribute_boxes(range(100), image_size=SIZE)["smile"], margin=0)
    teeth = ((with_.min(axis=-1) > 225) & inside).sum(axis=(1, 2))
    closed = ((without.min(axis=-1) > 225) & inside).sum(axis=(1, 2))
    assert teeth.min() > closed.max() + 10


def test_a_woman_has_long_hair_beside_the_neck():
    with_, without = with_and_without("woman")
    changed = np.abs(with_ - without).max(axis=-1) > 12
    left, right = changed[:, 44:54, 14:22], changed[:, 44:54, 42:50]
    assert left.mean(axis=(1, 2)).mean() > 0.5
    assert right.mean(axis=(1, 2)).mean() > 0.5


def test_turning_moves_the_mouth_to_the_side_it_names():
    people = replace(portraits.sample(range(20)), smile=np.ones(20, np.float32))
    middles = []
    for turn in (-1, 0, 1):
        turned = replace(people, turn=np.full(20, turn, np.float32))
        on, off = (
            portrait_drawing.render(replace(turned, smile=np.full(20, smile, np.float32)), SIZE).astype(float)
            for smile in (1, 0)
        )
        weight = np.abs(on - off).sum(axis=(1, 3))
        middles.append((weight * np.arange(64)).sum(axis=1) / weight.sum(axis=1))
    # A head is about 26 pixels wide; the mouth should move by a good eighth of it to either side.
    assert (middles[1] - middles[0]).min() > 3.3
    assert (middles[2] - middles[1]).min() > 3.3


def test_sizes_show_the_same_portraits():
    large, small = portraits.draw(range(60), image_size=SIZE), portraits.draw(range(60), image_size=(32, 32))
    difference = np.abs(halve(large)[:, None] - small[None].astype(np.float32)).mean(axis=(2, 3, 4))
    assert np.diag(difference).max() < 8
    assert (difference.argmin(axis=1) == np.arange(60)).all()


@pytest.mark.parametrize("image_size", [(16, 16), (28, 28), (32, 48), (48, 32), (128, 128)])
def test_shapes_and_types(image_size):
    pictures = portraits.draw(range(3), image_size=image_size)
    assert pictures.shape == (3, *image_size, 3)
    assert pictures.dtype == np.uint8
    boxes = portraits.attribute_boxes(range(3), image_size=image_size)
    assert set(boxes) == {"crown", "glasses", "smile"}
    for edges in boxes.values():
        assert edges.shape == (3, 4)
        assert edges.dtype == np.float32
        assert (edges[:, 2:] > edges[:, :2]).all()
        assert (edges >= 0).all()
        assert (edges <= np.tile(image_size, 2)).all()


@pytest.mark.parametrize(("image_size", "rows", "columns"), [((32, 48), 0, 8), ((48, 32), 8, 0)])
def test_the_portrait_is_in_the_centred_square_of_a_frame(image_size, rows, columns):
    frame = portraits.draw(range(10), image_size=image_size)
    square = portraits.draw(range(10), image_size=(32, 32))
    middle = frame[:, rows : rows + 32, columns : columns + 32]
    # Coordinates may round differently by one last bit.
    assert np.abs(middle.astype(int) - square).max() <= 1


def test_pixels_are_computed_in_single_precision():
    who = portraits.sample(range(4)).broadcast()
    window = open_window(who, (32, 32))
    painted = []
    cover = Window.cover

    def watch(self, distance, blur=0.0):
        painted.append(distance.dtype)
        return cover(self, distance, blur)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Window, "cover", watch)
        for layer, _ in LAYERS:
            layer(window, who)
    assert set(painted) == {np.dtype(np.float32)}


def test_no_indices_give_empty_arrays():
    assert portraits.draw([], image_size=SIZE).shape == (0, 64, 64, 3)
    assert portraits.attributes([])["turn"].shape == (0,)
    assert portraits.attribute_boxes([], image_size=SIZE)["crown"].shape == (0, 4)


# A whole split


@pytest.fixture
def twelve_test_portraits(monkeypatch):
    monkeypatch.setitem(portraits.SPLITS, "test", 12)


def test_load_hands_over_a_whole_split_with_its_attributes(twelve_test_portraits, tmp_path):
    config = DataConfig(image_size=(24, 32), cache_dir=str(tmp_path))
    loaded = portraits.load(config, split="test")
    assert loaded.name == "portraits"
    assert loaded.images.shape == (12, 24, 32, 3)
    np.testing.assert_array_equal(loaded.images, portraits.draw(range(12), image_size=(24, 32), split="test"))
    expected = portraits.attributes(range(12), split="test")
    assert list(loaded.attributes) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(loaded.attributes[name], values)


def test_load_draws_once_and_reads_the_cache_from_then_on(twelve_test_portraits, tmp_path, monkeypatch):
    config = DataConfig(image_size=(16, 16), cache_dir=str(tmp_path))
    first = portraits.load(config, split="test")
    monkeypatch.delattr(portraits, "draw")
    again = portraits.load(config, split="test")
    assert isinstance(again.images, np.memmap)
    np.testing.assert_array_equal(again.images, first.images)
    assert again.fingerprint == first.fingerprint


@pytest.mark.parametrize("channels", [1, 3])
def test_load_draws_a_few_at_a_time_and_the_same_pixels(
    twelve_test_portraits, tmp_path, monkeypatch, channels
):
    config = DataConfig(image_size=(28, 33), channels=channels, cache_dir=str(tmp_path / "at once"))
    at_once = portraits.load(config, split="test")
    drawn, draw = [], portraits.draw
    monkeypatch.setattr(portraits, "draw", lambda some, **rest: drawn.append(len(some)) or draw(some, **rest))
    monkeypatch.setattr(portraits, "_PICTURES_IN_MEMORY", 5)
    found = portraits.load(replace(config, cache_dir=str(tmp_path / "few")), split="test")
    assert drawn == [5, 5, 2]
    np.testing.assert_array_equal(found.images, at_once.images)
    assert found.fingerprint == at_once.fingerprint


def test_load_in_grey_gives_the_luminance_of_the_coloured_picture(twelve_test_portraits, tmp_path):
    grey = portraits.load(DataConfig(image_size=(16, 16), channels=1, cache_dir=str(tmp_path)), split="test")
    red, green, blue = np.moveaxis(
        portraits.draw(range(12), image_size=(16, 16), split="test").astype(float), -1, 0
    )
    assert grey.images.shape == (12, 16, 16, 1)
    # ITU-R BT.601; half a level is rounding.
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.abs(grey.images[..., 0] - expected).max() <= 0.5 + 1e-4


def test_sizes_channels_and_splits_have_different_fingerprints(twelve_test_portraits, monkeypatch, tmp_path):
    monkeypatch.setitem(portraits.SPLITS, "train", 12)
    small = DataConfig(image_size=(16, 16), cache_dir=str(tmp_path))
    grey = DataConfig(image_size=(16, 16), channels=1, cache_dir=str(tmp_path))
    wide = DataConfig(image_size=(16, 24), cache_dir=str(tmp_path))
    sets = [portraits.load(config, split="test") for config in (small, grey, wide)]
    sets.append(portraits.load(small, split="train"))
    assert len({one.fingerprint for one in sets}) == 4


def test_load_refuses_an_unknown_split(tmp_path):
    with pytest.raises(ValueError, match="split must be one of train, test; received 'valid'"):
        portraits.load(DataConfig(cache_dir=str(tmp_path)), split="valid")
    assert not list(tmp_path.iterdir())


# Wrong arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "validation"}, "split must be one of train, test; received 'validation'"),
        ({"indices": [3, -2]}, "indices must not be negative; received -2"),
        ({"indices": [0.5]}, "indices must be integers; received values of type float64"),
        ({"image_size": (64, 15)}, r"at least 16 pixels on both sides; received \(64, 15\)"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    arguments = {"indices": [0], "image_size": SIZE, **arguments}
    with pytest.raises(ValueError, match=message):
        portraits.draw(arguments.pop("indices"), **arguments)
    if arguments["image_size"] == SIZE:
        return
    with pytest.raises(ValueError, match=message):
        portraits.attribute_boxes([0], image_size=arguments["image_size"])
