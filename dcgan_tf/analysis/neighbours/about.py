"""The description of the analysis `neighbours`: its command, its options, and its texts in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.description import Analysis, FindingKind, Option
from dcgan_tf.analysis.known_data import KnownData

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(run: Run, *, num_images: int, seed: int, control: str) -> Finding:
    """Search with these options; see `neighbours`."""
    from dcgan_tf.analysis.neighbours.neighbours import neighbours

    return neighbours(run, num_images=num_images, seed=seed, control=control)


def _suggest(known: KnownData) -> dict[str, Any]:
    known.require_unseen()
    return {}


ANALYSIS = Analysis(
    name="neighbours",
    place=1,
    short_help="Find out whether a run copies its training images.",
    help="""Find the training images nearest to each sample, and say whether the samples are copies.

    Distances are measured in pixels and in features, to each training image and to its mirror image. Held-out
    images are the control.""",
    num_images=1000,
    fewest=8,
    options=(
        Option(
            "control",
            "held_out",
            "Compare with held_out images; where too few are held out, with the training images, each "
            "searched among the others.",
            type=str,
            choices=("held_out", "training"),
        ),
    ),
    of="Search for this many samples, and for at most as many held-out images.",
    make=make,
    findings=(
        FindingKind(
            "neighbours",
            "Does it memorise?",
            "Each row starts with a generated picture and goes on with the training pictures nearest to it.",
            "A generator that copied would show the same picture twice; one that learnt shows relatives, no "
            "nearer than pictures that it was never shown are.",
            of_all_classes=True,
            suggest=_suggest,
            condition=lambda known: known.unseen_if,
        ),
    ),
)
