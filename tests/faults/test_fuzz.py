"""Files of any content: what cannot be used is named, and no content ends in a traceback.

Each property is tried with a few dozen inputs, the same each time; DCGAN_TF_FAULTS_SEED tries others.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import DcganError
from dcgan_tf.runs.records import read_config
from mortal import SEED

FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP")
MODES = {
    "PNG": ("RGB", "RGBA", "P", "L", "I;16"),
    "TIFF": ("RGB", "F", "I;16", "CMYK"),
    "JPEG": ("RGB", "CMYK"),
}


def tried(count: int) -> Callable[[Any], Any]:
    """Try a property with so many inputs, the same each time."""

    def decorate(function: Any) -> Any:
        function = hypothesis.seed(SEED)(function)
        return hypothesis.settings(
            max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )(function)

    return decorate


def refused(use: Callable[[], Any], name: str) -> Any:
    """Return what `use` returns; None if it refuses with a sentence in which the name stands."""
    message = name
    found = None
    try:
        found = use()
    except DcganError as error:
        message = str(error)
    assert name in message
    return found


@st.composite
def damaged_images(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return the ending and the bytes of an image file, cut short, overwritten, or with bytes put in."""
    kind = draw(st.sampled_from(FORMATS))
    mode = draw(st.sampled_from(MODES.get(kind, ("RGB",))))
    side = draw(st.integers(1, 40))
    file = io.BytesIO()
    Image.fromarray(np.arange(side * side, dtype=np.uint16).reshape(side, side)).convert(
        "I;16" if mode == "I;16" else "L"
    ).convert(mode).save(file, format=kind)
    content = bytearray(file.getvalue())
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content) - 1)) if content else 0
        what = draw(st.sampled_from(["cut", "overwrite", "insert"]))
        if what == "cut":
            del content[place:]
        elif what == "overwrite":
            content[place : place + 1] = draw(st.binary(min_size=1, max_size=4))
        else:
            content[place:place] = draw(st.binary(min_size=1, max_size=8))
    return draw(st.sampled_from([kind.lower(), "png", "jpg"])), bytes(content)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of four images in two classes."""
    folder = tmp_path_factory.mktemp("good") / "pets"
    for i in range(4):
        path = folder / ("cats" if i % 2 else "dogs") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (9, 8), (60 * i, 20, 90)).save(path)
    return folder


def load(folder: Path, cache: Path) -> ImageSet:
    config = DataConfig(spec=str(folder), image_size=(8, 8), max_bad_fraction=0.5, cache_dir=str(cache))
    return data.load_data(config)


@tried(60)
@hypothesis.given(file=damaged_images())
def test_an_image_of_any_content_is_read_or_named(
    file: tuple[str, bytes], good: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ending, content = file
    folder = tmp_path_factory.mktemp("image") / "pets"
    shutil.copytree(good, folder)
    (folder / "cats" / f"odd.{ending}").write_bytes(content)
    images = load(folder, folder.parent)
    assert len(images) + len(images.bad_files) == 5
    assert images.images.dtype == np.uint8
    assert all(bad.reason for bad in images.bad_files)


CELLS = st.one_of(
    st.sampled_from(
        ["0", "1", "-1", "true", "0.5", "", "nan", "1e999", "cats/1.png", "file", '"', "\n", "\x1b"]
    ),
    st.text(max_size=5),
)
TABLES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.lists(CELLS, max_size=4), max_size=7).map(
        lambda rows: "\n".join(",".join(row) for row in rows).encode(errors="replace")
    ),
    st.lists(CELLS, min_size=4, max_size=4).map(
        lambda cells: "\n".join(
            ["file,smile", *(f"{f},{c}" for f, c in zip(FILES, cells, strict=True))]
        ).encode(errors="replace")
    ),
)
FILES = ("dogs/0.png", "cats/1.png", "dogs/2.png", "cats/3.png")


@tried(60)
@hypothesis.given(table=TABLES)
def test_a_table_of_any_content_is_read_or_named(
    table: bytes, good: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("table") / "pets"
    shutil.copytree(good, folder)
    (folder / "attributes.csv").write_bytes(table)
    images = refused(lambda: load(folder, folder.parent), "attributes.csv")
    if images is not None:
        assert all(len(values) == 4 for values in images.attributes.values())
        assert all(np.isfinite(values).all() for values in images.attributes.values())


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORDS = (
    "config.json",
    "data.json",
    "environment.json",
    "stats.jsonl",
    "diagnosis.jsonl",
    "rollbacks.json",
    "distances.jsonl",
    "metrics.jsonl",
)


@st.composite
def damaged_records(draw: st.DrawFn) -> tuple[str, Callable[[bytes], bytes]]:
    """Return one of a run's files, and what is done to its content."""
    name = draw(st.sampled_from(RECORDS))
    kind = draw(st.sampled_from(["bytes", "json", "cut", "field"]))
    value, place = draw(JSON), draw(st.floats(0, 1))
    raw = draw(st.binary(max_size=60))

    def damage(content: bytes) -> bytes:
        if kind == "bytes":
            return raw
        if kind == "cut":
            return content[: int(place * len(content))]
        if kind == "json":
            return json.dumps(value).encode() + b"\n"
        return _with_a_field(content, value, place)

    return name, damage


def _with_a_field(content: bytes, value: Any, place: float) -> bytes:
    """Return the first line or the whole of a JSON file with one of its values replaced."""
    text = content.decode()
    lines = text.splitlines() if text.startswith('{"') else [text]
    whole = json.loads(lines[0])
    tree = whole[0] if isinstance(whole, list) else whole
    while isinstance(tree, dict) and tree:
        name = sorted(tree)[int(place * (len(tree) - 1))]
        if not isinstance(tree[name], dict) or not tree[name]:
            tree[name] = value
            break
        tree = tree[name]
    return "\n".join([json.dumps(whole), *lines[1:]]).encode() + b"\n"


@tried(40)
@hypothesis.given(damaged=damaged_records())
def test_a_run_with_a_record_of_any_content_is_read_or_named(
    damaged: tuple[str, Callable[[bytes], bytes]], trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from dcgan_tf.report.page import write_report
    from dcgan_tf.runs.data_record import class_names_of

    def open_run(path: Path) -> None:
        class_names_of(path, read_config(path))

    name, damage = damaged
    run = tmp_path_factory.mktemp("run") / "run"
    shutil.copytree(trained, run, ignore=shutil.ignore_patterns("events"))
    path = run / name
    path.write_bytes(damage(path.read_bytes() if path.exists() else b'{"step": 1}\n'))
    for use in (open_run, write_report):
        refused(lambda use=use: use(run), str(run))
