"""The description of the analysis `probe`: its command, its options, and its texts in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.description import Analysis, FindingKind, Option, draws
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import RunError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(run: Run, *, labels: int, few_labels: int, draws: int, num_images: int, seed: int) -> Finding:
    """Classify with these options; see `probe`."""
    from dcgan_tf.analysis.probe.probe import probe

    return probe(run, labels=labels, few_labels=few_labels, draws=draws, num_images=num_images, seed=seed)


def _suggest(known: KnownData) -> dict[str, Any]:
    known.require_unseen()
    if not known.binary and len(known.classes) < 2:
        raise RunError("a classifier needs yes-or-no attributes or classes to learn; the data has neither")
    return {}


def _condition(known: KnownData) -> str:
    types_known = known.is_recorded or len(known.classes) > 1
    open_ = [known.unseen_if, "" if types_known else "an attribute is a yes-or-no one"]
    return " and ".join(words for words in open_ if words)


ANALYSIS = Analysis(
    name="probe",
    place=8,
    short_help="Classify images by the discriminator's features.",
    help="""Classify held-out images with a linear classifier on D's features, which D learnt without labels.

    The controls are raw pixels and a discriminator with random weights.""",
    num_images=10_000,
    of="Classify at most this many held-out images.",
    options=(
        Option(
            "labels",
            20_000,
            "Use at most this many training labels; time and memory grow with them.",
            minimum=2,
            flag="--training-labels",
        ),
        Option("few_labels", 1000, "Use this many training labels where labels are few.", minimum=2),
        draws(5, "few labels"),
    ),
    make=make,
    findings=(
        FindingKind(
            "probe",
            "What the discriminator knows",
            "A simple linear classifier is trained on what the discriminator computes of pictures, and asked "
            "what they show.",
            "The farther it is above raw pixels and a network of random weights, the more the discriminator "
            "has learnt of what pictures show, without ever being told.",
            convolutional=True,
            suggest=_suggest,
            condition=_condition,
        ),
    ),
)
