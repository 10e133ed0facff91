"""The description of the analysis `filters`: its command, its options, and its texts in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcgan_tf.analysis.description import Analysis, FindingKind, Option

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(run: Run, *, features: str, num_images: int, seed: int) -> Finding:
    """Look with these options; see `filters`."""
    from dcgan_tf.analysis.filters.filters import filters

    return filters(run, features=features, num_images=num_images, seed=seed)


ANALYSIS = Analysis(
    name="filters",
    place=4,
    short_help="Show what the discriminator's filters respond to.",
    help="""Show the images that D's last filters respond to most, and which pixels make them respond.

    It uses guided backpropagation, and shows a discriminator with random weights beside it.""",
    num_images=2000,
    fewest=4,
    of="Use this many real images; held-out ones are taken where there are any.",
    options=(
        Option(
            "features",
            "best",
            "Draw the six features that detect an attribute best, or the first six, as the paper does.",
            type=str,
            choices=("best", "first"),
        ),
    ),
    make=make,
    findings=(
        FindingKind(
            "filters",
            "What the filters look at",
            "For some of the discriminator's detectors: the pictures that excite them most and the pixels "
            "that are responsible, with a network of random weights beside it.",
            "Trained filters should single out parts that mean something, such as eyes, a mouth or a crown; "
            "random ones respond to edges and colours anywhere.",
            convolutional=True,
        ),
    ),
)
