"""The page as a file: what is written comes back, and what is no page is refused. No browser is needed."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.network.folding import Dense, FoldedGenerator
from dcgan_tf.export.web import page as web
from dcgan_tf.export.web.page import write_page
from dcgan_tf.export.web.page_file import EARLIER_FORMAT, FORMAT, MOST_BYTES, element_of, read_page
from pages import CLASSES, FACTS, random_generator


@pytest.mark.parametrize("name", ["kernel.c", "kernel.wasm"])
def test_the_kernel_is_the_one_that_was_compiled_from_its_source(name):
    """After a change of kernel.c: scripts/build_web_kernel.sh."""
    folder = Path(web.__file__).parent / "assets"
    lines = [line.split() for line in (folder / "kernel.sha256").read_text().splitlines()]
    recorded = {file: digest for digest, file in lines}
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == recorded[name]


def test_weights_come_back_within_half_a_step_of_int8(tmp_path):
    folded = random_generator(kernel_size=5, filters=3)
    write_page(tmp_path / "page.html", folded, FACTS)
    back = read_page(tmp_path / "page.html")
    assert (back.first_map, back.image_shape) == ((4, 4, 6), (16, 16, 3))
    for before, after in zip((*folded.dense, *folded.upsamples), (*back.dense, *back.upsamples), strict=True):
        assert type(before) is type(after)
        assert before.relu == after.relu
        scales = np.abs(before.kernel).max(axis=tuple(range(before.kernel.ndim - 1))) / 127
        assert after.kernel.dtype == np.float64
        assert (np.abs(after.kernel - before.kernel) <= scales * (0.5 + 1e-4)).all()
        assert (after.kernel == after.kernel.astype(np.float32)).all()
        assert (after.bias == before.bias.astype(np.float32)).all()


def test_rounding_is_that_of_the_largest_weight_of_each_output(tmp_path):
    kernel = np.array([[127.0, 0.0, -2.0], [0.4, 0.0, 1.0], [-0.6, 0.0, 0.49 / 63.5]])
    write_page(
        tmp_path / "page.html",
        FoldedGenerator((Dense(kernel, np.zeros(3)),), (1, 1, 3), ()),
        FACTS | {"latent_dim": 3},
    )
    back = read_page(tmp_path / "page.html").dense[0].kernel
    step = np.float32(2 / 127)
    assert np.array_equal(
        back, [[127.0, 0.0, np.float32(-127 * step)], [0.0, 0.0, np.float32(64 * step)], [-1.0, 0.0, 0.0]]
    )


def test_the_same_generator_makes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_page(tmp_path / name, random_generator(), FACTS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent_dim": 13}, "latent_dim is 12, received 13"),
        ({"latent_distribution": "beta"}, "normal or uniform, received 'beta'"),
        ({"class_names": ["a", "b"]}, r"name the generator's 0 classes, received \['a', 'b'\]"),
    ],
)
def test_facts_that_do_not_fit_are_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        write_page(tmp_path / "page.html", random_generator(), FACTS | changes)


def test_missing_facts_are_named(tmp_path):
    with pytest.raises(ValueError, match="none called data, step"):
        write_page(
            tmp_path / "page.html",
            random_generator(),
            {k: v for k, v in FACTS.items() if k not in ("data", "step")},
        )


REFUSED = "expected a page that dcgan_tf exported, format .*, received .*page.html: "


def changed_model(file: Path, **changes: object) -> None:
    """Change entries of the page's JSON object."""
    before, text, after = re.split(r'(?<=id="model">)(.*?)(?=</script>)', file.read_text(), maxsplit=1)
    file.write_text(before + json.dumps(json.loads(text) | changes) + after)


def changed_weights(file: Path, content: bytes) -> None:
    """Put other bytes in the place of the weights."""
    before, _, after = re.split(r'(?<=id="weights">)(.*?)(?=</script>)', file.read_text(), maxsplit=1)
    file.write_text(before + base64.b64encode(content).decode() + after)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    write_page(tmp_path / "page.html", random_generator(), FACTS)
    return tmp_path / "page.html"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id="model"', 'id="other"', "it has no model"),
        (FORMAT, "dcgan_tf page 9", "its format is 'dcgan_tf page 9'"),
        ('id="weights">H4sI', 'id="weights">AAAA', "its weights are damaged .*header"),
        ('id="weights">H4sI', 'id="weights">=,;&', "its weights are damaged"),
        ('id="model">{', 'id="model">{{', "its model is not JSON"),
        ('id="model">{', f'id="model">{"[" * 100_000}', "its model is not JSON"),
        ('id="model">', f'id="model">{" " * 2**22}', "its model is longer than 4 MiB"),
    ],
)
def test_what_is_not_such_a_page_is_refused(page, old, new, words):
    page.write_text(page.read_text().replace(old, new))
    with pytest.raises(ExportError, match=REFUSED + words):
        read_page(page)


@pytest.mark.parametrize("model", ["5", "null", "[]", '"text"'])
def test_a_model_that_is_no_object_is_refused(page, model):
    page.write_text(re.sub(r'(?<=id="model">).*?(?=</script>)', model, page.read_text(), count=1))
    with pytest.raises(ExportError, match=REFUSED + "its model must be a JSON object"):
        read_page(page)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent_dim": 13}, "its first layer has 12 inputs, but its latent_dim is 13"),
        ({"latent_dim": 0}, "latent_dim must be a whole number from 1, received 0"),
        ({"latent_dim": True}, "latent_dim must be a whole number from 1, received True"),
        ({"latent_dim": 12.0}, "latent_dim must be a whole number from 1, received 12.0"),
        ({"num_classes": -1}, "num_classes must be a whole number from 0, received -1"),
        ({"num_classes": None}, "num_classes must be a whole number from 0, received None"),
        ({"first_map": [4, 4]}, "first_map must be 3 whole numbers"),
        ({"first_map": "map"}, "first_map must be 3 whole numbers"),
        ({"first_map": [4, 2, 16]}, "its layers do not fit together"),
        ({"layers": {}}, "its layers must be a list of objects"),
        ({"layers": [5]}, "its layers must be a list of objects"),
        ({"layers": []}, "its layers do not fit together"),
        ({"layers": [{}]}, r"layers\[\].shape must be 2 or 4 whole numbers, received None"),
        ({"layers": [{"shape": [12, "256"]}]}, r"layers\[\].shape must be a whole number"),
        ({"layers": [{"shape": [12, 256]}]}, "its layers do not fit together"),
        ({"layers": [{"shape": [12, 256]}, {"shape": [1, 1, 16, 3]}]}, "its layers do not fit together"),
        ({"layers": [{"shape": [4, 4, 8, 16]}, {"shape": [12, 256]}]}, "its layers do not fit together"),
        ({"layers": [{"shape": [12, 10**12]}]}, "must be a whole number from 1, received 1000000000000"),
    ],
)
def test_a_network_that_cannot_be_is_refused_by_the_name_of_the_field(page, changes, words):
    changed_model(page, **changes)
    with pytest.raises(ExportError, match=REFUSED + ".*" + words):
        read_page(page)


def test_a_page_that_was_cut_or_changed_anywhere_is_an_export_error(page):
    whole = page.read_text()
    rng = np.random.default_rng(0)
    begin = whole.index('id="model"')
    for place in rng.integers(begin, len(whole), 40):
        for damaged in (
            whole[:place],
            whole[:place] + whole[place + 7 :],
            whole[:place] + "A" + whole[place:],
        ):
            page.write_text(damaged)
            with contextlib.suppress(ExportError):  # what happens to be whole is no error
                read_page(page)


@pytest.mark.parametrize("cut", [10, -10])
def test_weights_that_were_cut_short_are_told(page, cut):
    weights = gzip.decompress(base64.b64decode(element_of(page.read_text(), "weights")))
    changed_weights(page, gzip.compress(weights)[:cut])
    with pytest.raises(ExportError, match="its weights are damaged"):
        read_page(page)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"0", lambda data: data * 2])
def test_more_or_fewer_weights_than_are_declared_are_refused(page, change):
    weights = gzip.decompress(base64.b64decode(element_of(page.read_text(), "weights")))
    changed_weights(page, gzip.compress(change(weights)))
    with pytest.raises(ExportError, match=f"they are not the {len(weights):,} bytes that it declares"):
        read_page(page)


def test_weights_that_are_no_numbers_are_refused(page):
    weights = gzip.decompress(base64.b64decode(element_of(page.read_text(), "weights")))
    changed_weights(page, gzip.compress(np.float32([np.nan]).tobytes() + weights[4:]))
    with pytest.raises(ExportError, match="some are not numbers"):
        read_page(page)


def most_taken(page: Path) -> int:
    """Return the most bytes that were in use at a time while a page was refused."""
    tracemalloc.start()
    with pytest.raises(ExportError):
        read_page(page)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_a_bomb_takes_no_more_memory_than_its_file(page):
    """100 MB of zeros pack into 100 kB: whether the network is said to be small or large."""
    changed_weights(page, gzip.compress(bytes(100_000_000), 9))
    size = page.stat().st_size
    assert most_taken(page) < 10 * size
    layers = [{"shape": [12, 3_200_000], "relu": True}, {"shape": [4, 4, 200_000, 3], "relu": False}]
    changed_model(page, layers=layers, first_map=[4, 4, 200_000])
    with pytest.raises(ExportError, match=r"bytes cannot hold the [0-9,]+ that it declares"):
        read_page(page)
    assert most_taken(page) < 10 * size


def test_a_picture_beyond_all_screens_is_refused(page):
    layers = [{"shape": [12, 3 * 16]}, *[{"shape": [2, 2, 3, 3]}] * 60]
    changed_model(page, layers=layers, first_map=[4, 4, 3])
    with pytest.raises(ExportError, match="its picture would have more than 4096 pixels a side"):
        read_page(page)


def test_a_generator_too_large_for_a_page_is_refused(tmp_path):
    huge = np.broadcast_to(np.float64(0.5), (12, MOST_BYTES // 12 + 1))
    folded = FoldedGenerator((Dense(huge, np.zeros(huge.shape[1])),), (1, huge.shape[1], 1), ())
    with pytest.raises(ArgumentError, match="a page can hold 134,217,728 bytes of weights"):
        write_page(tmp_path / "page.html", folded, FACTS)


def test_a_page_says_which_sources_it_was_made_of(page):
    assert f"SHA-256 {web.sources_digest()}" in page.read_text()


def test_weights_of_the_classes_are_exact_and_leave_those_of_the_latent_their_steps(tmp_path):
    folded = random_generator(num_classes=3)
    kernel = folded.dense[0].kernel.copy()
    kernel[12:] *= 40
    large = replace(folded, dense=(replace(folded.dense[0], kernel=kernel),))
    for name, generator in (("small", folded), ("large", large)):
        write_page(tmp_path / name, generator, FACTS | {"class_names": CLASSES})
    found = {name: read_page(tmp_path / name).dense[0].kernel for name in ("small", "large")}
    np.testing.assert_array_equal(found["large"][12:], kernel[12:].astype(np.float32))
    np.testing.assert_array_equal(found["large"][:12], found["small"][:12])
    assert np.abs(found["large"][:12] - kernel[:12]).max() <= np.abs(kernel[:12]).max() / 254 * 1.001


def test_a_class_that_a_page_does_not_have_is_an_error(tmp_path):
    """An export.json may say that there are more."""
    write_page(tmp_path / "index.html", random_generator(num_classes=3), FACTS | {"class_names": CLASSES})
    draw = open_artefact(tmp_path / "index.html")
    with pytest.raises(ExportError, match=r"cannot draw with .*index\.html"):
        draw(np.zeros((2, 12), np.float32), np.array([2, 3], np.int32))


def test_a_page_of_the_first_format_is_read(tmp_path):
    """There the classes were among the first layer's int8 weights, which are then the latent's and theirs."""
    file = tmp_path / "page.html"
    generator = random_generator(num_classes=3)
    write_page(file, replace(generator, num_classes=0), FACTS | {"latent_dim": 15})
    page = file.read_text()
    for new, old in {
        FORMAT: EARLIER_FORMAT,
        '"num_classes": 0, ': "",
        '"latent_dim": 15': '"latent_dim": 12',
    }.items():
        assert new in page
        page = page.replace(new, old, 1)
    file.write_text(page)
    found = read_page(file)
    assert (found.latent_dim, found.num_classes) == (12, 3)
    for layer, original in zip(
        (*found.dense, *found.upsamples), (*generator.dense, *generator.upsamples), strict=True
    ):
        np.testing.assert_allclose(layer.kernel, original.kernel, atol=np.abs(original.kernel).max() / 250)
        np.testing.assert_array_equal(layer.bias, original.bias.astype(np.float32))
