"""The description of the analysis `project`: its command, its options, and its texts in the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf.analysis.description import Analysis, FindingKind, Option
from dcgan_tf.errors import ArgumentError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run

MOST_PHOTOS = 1000


def make(run: Run, *, photos: Sequence[Path] = (), num_images: int, seed: int) -> Finding:
    """Project these photographs; see `project`."""
    from dcgan_tf.analysis.project.project import project

    return project(run, photos=photos, num_images=num_images, seed=seed)


def check(*, photos: Sequence[Path], **others: object) -> None:
    """Refuse photographs that are no files.

    Raises:
        ArgumentError: if there is no such file, or there are more than 1,000.
    """
    if len(photos) > MOST_PHOTOS:
        raise ArgumentError(f"at most {MOST_PHOTOS:,} photographs are projected, received {len(photos):,}")
    for photo in photos:
        if photo.is_dir():
            raise ArgumentError(f"{photo} is a folder; name the pictures in it, such as {photo}/*.jpg")
        if not photo.is_file():
            raise ArgumentError(f"there is no file {photo}")


ANALYSIS = Analysis(
    name="project",
    place=10,
    short_help="Find the latents of your photographs.",
    help="""Find the latents that draw given photographs best, and how well the run can draw real images.

    The command writes the latents of the photographs to latents.npy, for --latents of walk, turn and
    arithmetic. Without a PHOTO, it only shows how well training images are drawn, and which ones worst.""",
    num_images=64,
    of="Search for this many training images, up to all of them; distances.csv has a line for each.",
    files=Option(
        "photos",
        (),
        "Search for these pictures; they are prepared as training images are.",
        metavar="PHOTO...",
    ),
    make=make,
    writes=("distances.csv", "latents.npy"),
    check=check,
    findings=(
        FindingKind(
            "project",
            "What the generator can draw, and what it cannot",
            "For each picture, a search through the generator's numbers finds the picture that comes nearest "
            "to it.",
            "The generator's own samples must be found again, or the search is too weak; real images that "
            "stay far away show what has not been learnt.",
        ),
    ),
)
