"""The notebook runs from its first cell to its last, and shows what its cells show today."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import run_notebook  # noqa: E402

LARGEST_BYTES = 400_000


@pytest.fixture(scope="module")
def committed() -> Any:
    return nbformat.read(run_notebook.NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the notebook as a process of its own runs it."""
    out = tmp_path_factory.mktemp("notebook") / "quickstart.ipynb"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "run_notebook.py", "--out", out],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return nbformat.read(out, as_version=4)


def code_of(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def pictures_of(cell: Any) -> list[Image.Image]:
    """Return the pictures below a cell, opened."""
    files = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
    return [Image.open(io.BytesIO(base64.b64decode(file))) for file in files]


def text_of(notebook: Any) -> str:
    return "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in code_of(notebook)
        for output in cell.outputs
    )


def test_it_runs(executed):
    cells = code_of(executed)
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert "step 1000" in text_of(executed)


def test_every_figure_is_shown_without_magic_words(executed):
    shown = ["portraits.sample", "images = run.sample", "walk = analysis", "neighbours = analysis", "drawn ="]
    for words in shown:
        (cell,) = [cell for cell in code_of(executed) if words in cell.source]
        (picture,) = pictures_of(cell)
        assert picture.convert("L").getextrema()[1] - picture.convert("L").getextrema()[0] > 200, words
    assert not [cell.source for cell in code_of(executed) if cell.source.startswith(("%", "!"))]


def test_what_it_exports_draws_what_was_trained(executed):
    (line,) = [line for line in text_of(executed).splitlines() if "the mean difference" in line]
    assert float(line.removeprefix("the mean difference from the run is ").split()[0]) < 2


def test_nothing_else_is_printed(executed):
    """TensorFlow prints about files and devices where Python's streams are not those of a terminal."""
    assert not [word for word in ("INFO", "WARNING", "Saved artifact") if word in text_of(executed)]


def test_a_reader_sees_the_outputs_of_the_cells_that_there_are(committed, executed):
    assert committed.metadata["outputs_of"] == run_notebook.digest_of(committed)
    for kept, fresh in zip(code_of(committed), code_of(executed), strict=True):
        assert kept.execution_count == fresh.execution_count
        assert [output.output_type for output in kept.outputs if output.output_type != "stream"] == [
            output.output_type for output in fresh.outputs if output.output_type != "stream"
        ]
        assert [p.size for p in pictures_of(kept)] == [p.size for p in pictures_of(fresh)]
    assert not [o for cell in code_of(committed) for o in cell.outputs if o.output_type == "error"]


def test_it_is_small():
    assert run_notebook.NOTEBOOK.stat().st_size < LARGEST_BYTES


def test_a_changed_cell_changes_the_digest(committed):
    before = run_notebook.digest_of(committed)
    changed = nbformat.from_dict({**committed})
    code_of(changed)[-1].source += "\n"
    assert run_notebook.digest_of(changed) != before
    code_of(changed)[-1].source = code_of(changed)[-1].source[:-1]


def test_it_has_the_address_of_the_project(committed):
    """In the badge that opens it, and in the line that installs."""
    address = run_notebook.repository()
    name = address.removeprefix("https://github.com/")
    first, second = committed.cells[:2]
    assert f"research.google.com/github/{name}/blob/main/notebooks/quickstart.ipynb" in first.source
    assert f'REPOSITORY = "{address}"' in second.source


def test_another_address_is_written_into_it(committed):
    copy = nbformat.from_dict(nbformat.reads(nbformat.writes(committed), as_version=4))
    run_notebook.write_address(copy, "https://github.com/some-body/a.b")
    assert "github/some-body/a.b/blob/main/notebooks/quickstart.ipynb" in copy.cells[0].source
    assert 'REPOSITORY = "https://github.com/some-body/a.b"' in copy.cells[1].source
    assert "OWNER" not in "".join(cell.source for cell in copy.cells)
