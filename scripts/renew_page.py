"""Makes the page of an export anew from the sources of today, around the network that it holds.

    .venv/bin/python scripts/renew_page.py saved_models/portraits docs/web-page.jpg

export.json and MODEL_CARD.md are brought up to date with it; `dcgan-tf verify` then holds. With a second
argument the page is photographed, on the way between two of its samples; that takes Chromium and Playwright
(the test extra). The photograph's comment says which sources it is of.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

from PIL import Image

from dcgan_tf.export.card import model_card
from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.export.record import digest
from dcgan_tf.export.web.page import page_of, sources_digest
from dcgan_tf.export.web.page_file import element_of, read_page
from dcgan_tf.files import write_text
from dcgan_tf.runs.records import write_json

PAGE = "web/index.html"
ENDS = (3, 15)
"""Places in the grid of two samples whose way is worth a picture."""


def renew(folder: Path) -> None:
    """Write the page, and what is said of it, again.

    Args:
        folder: of an export with a page.

    Raises:
        ExportError: if the page cannot be read.
    """
    paths = ExportPaths(folder)
    page = folder / PAGE
    read_page(page)
    text = page.read_text(encoding="utf-8")
    write_text(page, page_of(json.loads(element_of(text, "model")), element_of(text, "weights")))
    record = json.loads(paths.record.read_text())
    record["artefacts"][PAGE]["bytes"] = page.stat().st_size
    write_text(paths.card, model_card(record, folder=folder))
    for name in (PAGE, paths.card.name):
        record["files"][name] = digest(folder / name)
    write_json(paths.record, record)


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
    seen.save(picture, quality=86, optimize=True, progressive=True, comment=sources_digest())


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
    for name in sys.argv[2:3]:
        photograph(Path(sys.argv[1]) / PAGE, Path(name))
