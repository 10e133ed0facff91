"""Runs notebooks/quickstart.ipynb from its first cell to its last, and keeps what it shows.

    .venv/bin/python scripts/run_notebook.py

Run it after a change of the notebook, of what it shows, or of the address in setup.cfg, which it writes into
the notebook. The notebook remembers which cells its outputs are of, and a test compares them with those that
there are.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import click
import nbformat
from nbclient import NotebookClient
from PIL import Image

from dcgan_tf.files import write_text

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "quickstart.ipynb"
SECONDS_OF_A_CELL = 600


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=NOTEBOOK,
    help="Write the notebook with its outputs to this file.  [default: its own]",
)
def main(out: Path) -> None:
    """Run the notebook in an empty folder, and write it with what its cells show."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    write_address(notebook, repository())
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(
            notebook, timeout=SECONDS_OF_A_CELL, kernel_name="python3", resources=resources
        ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times of this run
        if cell.cell_type == "code":
            cell.outputs = [lighter(output) for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata["outputs_of"] = digest_of(notebook)
    write_text(out, nbformat.writes(notebook) + "\n")
    click.echo(f"{out}, {out.stat().st_size:,} bytes")


def repository() -> str:
    """Return the address of the repository, which setup.cfg has."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return settings["metadata"]["project_urls"].split("=")[1].strip()


def write_address(notebook: Any, address: str) -> None:
    """Put the address of the repository in the place of the one that the cells have.

    Args:
        notebook: an nbformat notebook, which is changed.
        address: such as "https://github.com/OWNER/dcgan_tf".
    """
    name = address.removeprefix("https://github.com/")
    for cell in notebook.cells:
        cell.source = re.sub(
            r"((?:https://github\.com|research\.google\.com/github)/)[\w.-]+/[\w.-]+",
            rf"\g<1>{name}",
            cell.source,
        )


def lighter(output: Any) -> Any:
    """Return an output with each picture once, as a PNG of 256 colours: a repository keeps every version."""
    data = output.get("data", {})
    if "image/png" in data:
        data.pop("image/jpeg", None)
        file = io.BytesIO()
        with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
            picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        data["image/png"] = base64.b64encode(file.getvalue()).decode()
    return output


def digest_of(notebook: Any) -> str:
    """Return the SHA-256 of the sources of all cells of code, in order."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


if __name__ == "__main__":
    main()
