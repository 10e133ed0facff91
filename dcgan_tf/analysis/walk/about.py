"""The description of the analysis `walk`: its command, its options, and its texts in the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf.analysis.description import Analysis, FindingKind, Option, check_latents, latents_option

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(run: Run, *, points: int, latents: Path | None = None, num_images: int, seed: int) -> Finding:
    """Walk with these options; see `walk`."""
    from dcgan_tf.analysis.walk.walk import walk
    from dcgan_tf.latents import read_latents

    given = None if latents is None else read_latents(latents, run.config.model)
    return walk(run, points=points, latents=given, num_images=num_images, seed=seed)


ANALYSIS = Analysis(
    name="walk",
    place=2,
    short_help="Walk between samples, to see how smoothly pictures change.",
    help="""Walk through latent space from sample to sample, beside a cross-fade of pixels.

    Smooth steps, and pictures on the way that all look real, show that nothing was learnt by heart. The
    command writes walk.gif beside the figure.""",
    num_images=3300,
    fewest=11,
    of="Compute the numbers on this many pictures between two ends, 11 for each pair.",
    options=(
        Option(
            "points",
            9,
            "Visit this many random latents in the figure and in walk.gif.",
            minimum=2,
            maximum=1000,
        ),
        latents_option("Visit, instead of random ones, the latents"),
    ),
    make=make,
    writes=("walk.gif",),
    check=check_latents,
    findings=(
        FindingKind(
            "walk",
            "Walking in latent space",
            "Every row goes in small, equal steps from the numbers behind one picture to those of another.",
            "All pictures on the way should be sensible and change gradually; jumps would mean that single "
            "pictures were learnt by heart, and a cross-fade of pixels shows what mere mixing looks like.",
        ),
    ),
)
