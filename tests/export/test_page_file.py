"""The page as a file: what is written comes back, and what is no page is refused. No browser is needed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages import CLASSES, FACTS, random_generator

from dcgan_tf.export import web
from dcgan_tf.export.folding import Dense, FoldedGenerator
from dcgan_tf.export.web import EARLIER_FORMAT, FORMAT, read_page, write_page


@pytest.mark.parametrize("name", ["kernel.c", "kernel.wasm"])
def test_the_kernel_is_the_one_that_was_compiled_from_its_source(name):
    """After a change of kernel.c: scripts/build_web_kernel.sh."""
    folder = Path(web.__file__).parent / "page"
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


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id="model"', 'id="other"', "it has no model"),
        (FORMAT, "dcgan_tf page 9", "its format is 'dcgan_tf page 9'"),
        ('id="weights">H4sI', 'id="weights">AAAA', "gzip"),
    ],
)
def test_what_is_not_such_a_page_is_refused(tmp_path, old, new, words):
    file = tmp_path / "page.html"
    write_page(file, random_generator(), FACTS)
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ValueError, match=f"expected a page that dcgan_tf exported.*{words}"):
        read_page(file)


def test_damaged_weights_are_told(tmp_path):
    file = tmp_path / "page.html"
    write_page(file, random_generator(), FACTS)
    before, weights = file.read_text().split('id="weights">')
    file.write_text(f'{before}id="weights">{weights[:400]}{"A" * 40}{weights[440:]}')
    with pytest.raises(ValueError, match="expected a page that dcgan_tf exported"):
        read_page(file)


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
