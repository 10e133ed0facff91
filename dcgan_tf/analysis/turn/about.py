"""The description of the analysis `turn`: its command, its options, and its texts in the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.description import (
    Analysis,
    FindingKind,
    Option,
    check_latents,
    draws,
    latents_option,
)
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import RunError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(
    run: Run,
    *,
    attribute: str,
    exemplars: int,
    draws: int,
    latents: Path | None = None,
    num_images: int,
    seed: int,
) -> Finding:
    """Turn with these options; see `turn`."""
    from dcgan_tf.analysis.turn.turn import turn
    from dcgan_tf.latents import read_latents

    return turn(
        run,
        attribute=attribute,
        exemplars=exemplars,
        draws=draws,
        latents=None if latents is None else read_latents(latents, run.config.model),
        num_images=num_images,
        seed=seed,
    )


def turned(known: KnownData) -> str:
    """Return what to change step by step: the turn of the head, or the first that there is.

    Attributes with degrees come before binary ones, and those before classes.

    Raises:
        RunError: if there is none of them.
    """
    choices = (*known.continuous, *known.binary, *(known.classes if len(known.classes) > 1 else ()))
    if not choices:
        raise RunError("turning needs attributes or classes; the data has neither")
    return "turn" if "turn" in choices else choices[0]


def _suggest(known: KnownData) -> dict[str, Any]:
    attribute = turned(known)
    return {} if attribute == "turn" else {"attribute": attribute}


ANALYSIS = Analysis(
    name="turn",
    place=3,
    short_help="Turn heads, or change any attribute, along one direction.",
    help="""Turn samples step by step: add the difference between the mean latents of two kinds of exemplars.

    Try dcgan-tf turn RUN, or dcgan-tf turn RUN --attribute smile.""",
    num_images=500,
    of="Turn this many samples.",
    options=(
        Option("attribute", "turn", "Change this attribute or class of the data.", type=str),
        Option("exemplars", 4, "Average the latents of this many samples at each end.", minimum=1),
        draws(20, "exemplars"),
        latents_option("Show, instead of samples, the first latents"),
    ),
    make=make,
    writes=("directions.json",),
    check=check_latents,
    findings=(
        FindingKind(
            "turn",
            "Turning: one property at a time",
            "One direction in latent space is added to different pictures, a little more in each column.",
            "One property, such as where a face looks, should change from left to right while all else stays "
            "as it was; a random direction of the same length shows what would happen anyway.",
            suggest=_suggest,
        ),
    ),
)
