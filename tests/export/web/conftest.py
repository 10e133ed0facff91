"""A browser, and pages in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcgan_tf.export.network.folding import FoldedGenerator
from dcgan_tf.export.web.page import write_page
from open_pages import opened, watched
from pages import FACTS, random_generator


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright, of the test extra, is not installed"
    )
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or subprocess.run([chromium, "--version"], capture_output=True).returncode:
        pytest.skip("no chromium on the PATH that starts")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(browser: Any) -> Any:
    """Return one tab for all tests, as opening one takes longer than most of them."""
    tab = browser.new_context().new_page()
    tab.set_default_timeout(20_000)
    return tab


@pytest.fixture
def open_page(tab: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that writes and opens a page; to ask for anything else, and to complain, fails."""
    file = tmp_path / "index.html"

    def open_(
        folded: FoldedGenerator,
        *,
        reduced_motion: str = "reduce",
        address: str = "",
        first_samples: dict[str, Any] | None = None,
        adjustments: dict[str, Any] | None = None,
        real_images: dict[str, Any] | None = None,
        **facts: object,
    ) -> Any:
        write_page(
            file,
            folded,
            {**FACTS, **facts},
            first_samples=first_samples,
            adjustments=adjustments,
            real_images=real_images,
        )
        return opened(tab, file, reduced_motion=reduced_motion, address=address)

    with watched(tab, file):
        yield open_


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    page = open_page(random_generator())
    page.wait_for_selector("#grid[aria-busy=false]")
    return page


@pytest.fixture(scope="module")
def only_read(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a page in a tab of its own, for tests that leave it as it was opened."""
    file = tmp_path_factory.mktemp("page") / "index.html"
    write_page(file, random_generator(), FACTS)
    tab = browser.new_context().new_page()
    with watched(tab, file):
        opened(tab, file).wait_for_selector("#grid[aria-busy=false]")
        yield tab


@pytest.fixture(scope="module")
def broken_tab(browser: Any) -> Any:
    """Return a tab for pages that do not run."""
    return browser.new_context().new_page()
