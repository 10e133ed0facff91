"""The trained generators in the repository: intact, small, and what their cards say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.export.card import model_card
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported
from dcgan_tf.export.web import page as web
from dcgan_tf.export.web.page_file import FORMAT, element_of

FOLDER = Path(__file__).parents[1] / "saved_models"
SHIPPED = ["portraits", "mnist", "cifar10"]
MOST_BYTES_OF_ONE, MOST_BYTES_OF_ALL = 12e6, 25e6

each = pytest.mark.parametrize("name", SHIPPED)


@each
def test_it_is_intact_and_draws_what_was_trained(name):
    verify_export(FOLDER / name)


@each
def test_its_page_is_made_of_the_sources_that_are_here(name):
    """After a change of export/page: scripts/renew_page.py saved_models/NAME."""
    page = (FOLDER / name / "web" / "index.html").read_text()
    model = json.loads(element_of(page, "model"))
    assert f"SHA-256 {web.sources_digest()}" in page
    assert model["format"] == FORMAT
    assert len(model["first_samples"]["numbers"]) == 24
    facts = json.loads((FOLDER / name / "export.json").read_text())["model"]
    assert model["facts"] == facts


def test_the_picture_of_the_page_in_the_readme_is_of_the_sources_that_are_here():
    """After a change of export/page: scripts/renew_page.py saved_models/portraits docs/web-page.jpg."""
    path = FOLDER.parent / "docs" / "web-page.jpg"
    with Image.open(path) as picture:
        assert picture.info.get("comment") == web.sources_digest().encode()
    assert path.stat().st_size < 150_000


def size_of(name: str) -> int:
    return sum(path.stat().st_size for path in (FOLDER / name).rglob("*") if path.is_file())


@each
def test_it_is_small(name):
    assert size_of(name) < MOST_BYTES_OF_ONE


def test_together_they_are_small():
    assert sum(map(size_of, SHIPPED)) < MOST_BYTES_OF_ALL


@each
def test_its_card_says_how_it_was_made(name):
    card = (FOLDER / name / "MODEL_CARD.md").read_text()
    assert "| trained with | `dcgan-tf train " in card
    assert f"dcgan-tf sample saved_models/{name}" in card


@each
def test_its_card_is_the_one_that_is_made_of_its_record(name):
    folder = FOLDER / name
    record = json.loads((folder / "export.json").read_text())
    expected = model_card(record, folder=Path("saved_models") / name)
    assert (folder / "MODEL_CARD.md").read_text() == expected


@each
def test_every_artefact_draws_the_same_pictures(name):
    images = [
        Exported.open(FOLDER / name / artefact).sample(4, seed=1).astype(float)
        for artefact in ("saved_model", "generator-dynamic.tflite")
    ]
    assert images[0].std() > 20
    assert np.abs(images[0] - images[1]).mean() < 1
