"""Makes a folder of a few hundred photographs: crops of the sample images of scikit-image and scikit-learn.

    .venv/bin/pip install scikit-image scikit-learn
    .venv/bin/python scripts/photographs.py photographs

Nine motifs are cut out again and again at other places and sizes, each into a folder with its name. So it is
known what a generator that learnt from them should draw.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
from PIL import Image

MOTIFS = {
    "astronaut": "skimage/data/astronaut.png",
    "cat": "skimage/data/chelsea.png",
    "cup": "skimage/data/coffee.png",
    "rocket": "skimage/data/rocket.jpg",
    "stars": "skimage/data/hubble_deep_field.jpg",
    "motorcycle": "skimage/data/motorcycle_left.png",
    "pagoda": "sklearn/datasets/images/china.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
    "retina": "skimage/data/retina.jpg",
}
"""{name: file in a package}."""
SIDE = 128
"""Pixels of the crops' sides."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--num-images", default=300, show_default=True, help="Make this many crops.")
def main(folder: Path, num_images: int) -> None:
    """Cut the crops out and write them as JPEG files."""
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty: name a new folder")
    rng = np.random.default_rng(0)
    images = {name: Image.open(_file(path)).convert("RGB") for name, path in MOTIFS.items()}
    for i in range(num_images):
        name = list(MOTIFS)[i % len(MOTIFS)]
        file = folder / name / f"{i:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        crop(images[name], centred=name == "rocket", rng=rng).save(file, quality=92)


def crop(image: Image.Image, *, centred: bool, rng: np.random.Generator) -> Image.Image:
    """Return a random square of 70 to 100 % of the shorter side, scaled to SIDE.

    Args:
        image: the whole picture.
        centred: whether the motif is narrow and in the middle, so that a crop must not miss it.
        rng: decides on size and place.
    """
    width, height = image.size
    side = int(min(width, height) * rng.uniform(0.7, 1.0))
    left, top = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    if centred:
        left = int(np.clip((width - side) / 2 + rng.normal() * 20, 0, width - side))
    square = image.crop((left, top, left + side, top + side))
    return square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _file(path: str) -> Path:
    package, _, inside = path.partition("/")
    found = find_spec(package)
    if found is None or found.origin is None:
        raise click.ClickException(f"the package {package} is missing: pip install scikit-image scikit-learn")
    return Path(found.origin).parent / inside


if __name__ == "__main__":
    main()
