"""Makes the page of an export anew from the sources of today, around the network that it holds.

    .venv/bin/python scripts/renew_page.py saved_models/portraits docs/web-page.jpg

export.json and MODEL_CARD.md are brought up to date with it; `dcgan-tf verify` then holds. With a second
argument the page is photographed, on the way between two of its samples; that takes Chromium and Playwright
(the test extra). The photograph's comment says which sources it is of.

With --find, an export of the drawn portraits gets sliders, switches and real neighbours, without the run that
it was made from: they need its generator, which its SavedModel has, the portraits and their classifier.
"""

from __future__ import annotations

import io
import json
import shlex
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image
from recipes import Cell

from dcgan_tf.config import to_json
from dcgan_tf.export.card import model_card
from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.export.record import digest
from dcgan_tf.export.web.page import page_of, sources_digest
from dcgan_tf.export.web.page_file import element_of, read_page
from dcgan_tf.files import write_text
from dcgan_tf.images import to_uint8
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import write_json
from dcgan_tf.runs.run import Run

PAGE = "web/index.html"
NUM_SAMPLES, NUM_MOVED = 4096, 200
FORGOTTEN = ("crown", "glasses")
"""The attributes for which a switch is looked for."""
ENDS = (3, 15)
"""Places in the grid of two samples whose way is worth a picture."""


def renew(folder: Path, found: dict[str, Any] | None = None) -> None:
    """Write the page, and what is said of it, again.

    Args:
        folder: of an export with a page.
        found: what is added to what the page knows, from `find`.

    Raises:
        ExportError: if the page cannot be read.
    """
    paths = ExportPaths(folder)
    page = folder / PAGE
    read_page(page)
    text = page.read_text(encoding="utf-8")
    model = json.loads(element_of(text, "model")) | (found or {})
    write_text(page, page_of(model, element_of(text, "weights")))
    record = json.loads(paths.record.read_text())
    record["artefacts"][PAGE]["bytes"] = page.stat().st_size
    write_text(paths.card, model_card(record, folder=folder))
    for name in (PAGE, paths.card.name):
        record["files"][name] = digest(folder / name)
    write_json(paths.record, record)


def find(folder: Path) -> dict[str, Any]:
    """Return the sliders, the switches and the real images of an export of the drawn portraits.

    Args:
        folder: of the export, with a SavedModel.
    """
    from dcgan_tf.analysis.turn.sliders import find_sliders, sliders_table
    from dcgan_tf.config import preset
    from dcgan_tf.data import held_out_images, load_data
    from dcgan_tf.export import Exported
    from dcgan_tf.export.web.real_images import thumbnails_of
    from dcgan_tf.judges import trained_classifier

    exported = Exported.open(folder)
    height, width, _ = exported.facts["image_shape"]
    config = preset("default", data="portraits", image_size=(height, width)).data
    train = load_data(config)
    held_out = held_out_images(config, train)
    classifier = trained_classifier(train, held_out[1] if held_out else None, cache_dir=config.cache_dir)

    def generate(latents: np.ndarray) -> np.ndarray:
        return to_uint8(exported.draw(latents))

    latents = exported.latents(NUM_SAMPLES + NUM_MOVED)
    predictions = classifier.predict(generate(latents[:NUM_SAMPLES]))
    sliders = find_sliders(classifier, generate, latents[:NUM_SAMPLES], predictions, latents[NUM_SAMPLES:])
    print(sliders_table(sliders))
    return {
        "directions": [asdict(one) for one in sorted(sliders, key=lambda one: -(one.kept or 0))],
        "real_images": thumbnails_of(train.images),
        **_switches(folder),
    }


def _switches(folder: Path) -> dict[str, Any]:
    """Return the switches that `forget` finds for the generator of an export."""
    from dcgan_tf.analysis.forget.forget import forget
    from dcgan_tf.export.network.folding import fold
    from dcgan_tf.export.web.page_adjustments import page_adjustments

    with tempfile.TemporaryDirectory() as place:
        run = _run_of(folder, Path(place))
        for name in FORGOTTEN:
            finding = forget(run, attribute=name)
            print(finding.summary)
            finding.save(RunPaths(run.path).forgotten.parent)
        found, _ = page_adjustments(run, fold(run.generator))
    return {"forgettable": found.get("forgettable", [])}


def _run_of(folder: Path, place: Path) -> Run:
    """Return a run with the generator of an export, and with an untrained discriminator."""
    import tensorflow as tf

    from dcgan_tf import models

    record = json.loads(ExportPaths(folder).record.read_text())
    _, _, *options = shlex.split(record["trained_by"])
    config = Cell("", "", record["model"]["seed"], 0, shlex.join(options), 0).config
    generator, discriminator = models.build_generator(config), models.build_discriminator(config)
    trained = tf.saved_model.load(folder / "saved_model").generator_weights
    generator.set_weights([np.asarray(weight) for weight in trained])
    write_text(RunPaths(place).config, to_json(config))
    return Run(place, config, record["model"]["step"], generator, discriminator)


def photograph(page: Path, picture: Path) -> None:
    """Open a page in Chromium, walk half the way between two samples, and save what is seen as a JPEG.

    Args:
        page: the HTML file.
        picture: the JPEG.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        tab = browser.new_page(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("#grid[aria-busy=false]")
        for place in ENDS:
            tab.click(f"#grid button:nth-child({place})")
        tab.fill("#share", "50")
        tab.evaluate("document.activeElement.blur()")
        tab.mouse.move(0, 0)
        tab.wait_for_timeout(1000)  # until the time for an image stands there
        seen = Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB")
        browser.close()
    seen.save(picture, quality=72, optimize=True, progressive=True, comment=sources_digest())


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("picture", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--find", "finds", is_flag=True, help="Look for sliders, switches and real neighbours anew.")
def main(folder: Path, picture: Path | None, finds: bool) -> None:
    """Renew the page of the export in FOLDER, and take its PICTURE, a JPEG, if one is named."""
    renew(folder, find(folder) if finds else None)
    if picture is not None:
        photograph(folder / PAGE, picture)


if __name__ == "__main__":
    main()
