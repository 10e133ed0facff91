"""The table of `--preset auto`: which settings are chosen for which data, and why.

Every value that `auto` chooses stands in this file. `auto.py` reads the table from top to bottom; a later
rule wins over an earlier one, and a setting that the user gives wins over all of them. The guide's table is
made from the same rules by `scripts/documentation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_MINUTES = 20.0
FEW_PICTURES = 2000
FEWEST_STEPS_OF_FEW = 5000
"""So few pictures need this many steps before they are recognised; passes over them are the wrong measure."""
FEWEST_STEPS = 1000
"""A run of any preset that has fewer steps rarely draws anything."""
LARGEST_SIDE, SMALLEST_SIDE = 64, 16
"""The shorter side of the images in pixels; pictures between these keep the nearest size that fits."""
SMALL_SIDE = 32
"""The side of drawn portraits, and of few pictures, if the budget is too small for LARGEST_SIDE."""
LARGE_FROM_IMAGES = 400_000
LARGE_FROM_MINUTES, LARGE_FROM_MINUTES_OF_FEW = 15.0, 60.0
"""The budget from which on they have LARGEST_SIDE."""
WIDE_UP_TO = 40
"""Images whose shorter side has no more pixels than this get wide networks."""
TWO_HALVINGS_BELOW = 32
"""The side below which the discriminator halves images only twice, so that its last maps see 10x10 pixels."""
WRITING_FROM = 0.75
"""The share of nearly black and nearly white pixels from which on grey pictures are taken for writing."""
DRAWINGS_FROM = 1 / 3
"""The same share, from which on colour pictures are taken for drawings on an even ground."""


@dataclass(frozen=True)
class Case:
    """What the rules look at.

    Attributes:
        num_images: number of training images.
        channels: 1 (grey) or 3 (RGB).
        photographs: whether they come from a folder or a dataset, not from the library's own drawing.
        side: the shorter side of the images that the networks see, in pixels.
        black_or_white: share of their pixels that are nearly black or nearly white.
    """

    num_images: int
    channels: int
    photographs: bool
    side: int
    black_or_white: float


@dataclass(frozen=True)
class When:
    """The data that a rule is for.

    Attributes:
        words: the data in words, for the guide's table.
        holds: whether a case belongs to them.
    """

    words: str
    holds: Callable[[Case], bool]


@dataclass(frozen=True)
class Rule:
    """Settings for some data.

    Attributes:
        settings: {setting: value}.
        when: the data that they are for.
        why: the reason, in a few words that end a line.
    """

    settings: Mapping[str, Any]
    when: When
    why: str


ALL = When("all data", lambda case: True)
FEW = When(f"fewer than {FEW_PICTURES:,} pictures", lambda case: case.num_images < FEW_PICTURES)
FEW_IN_COLOUR = When(
    f"fewer than {FEW_PICTURES:,} colour pictures",
    lambda case: FEW.holds(case) and case.channels == 3,
)
GREY = When("grey pictures", lambda case: case.channels == 1)
WRITING = When(
    f"writing: grey pictures of which at least {100 * WRITING_FROM:g} % is nearly black or white",
    lambda case: GREY.holds(case) and case.black_or_white >= WRITING_FROM,
)
COLOUR_PHOTOGRAPHS = When(
    "colour pictures of a folder or dataset", lambda case: case.channels == 3 and case.photographs
)
DRAWINGS = When(
    f"drawings: at least {FEW_PICTURES:,} colour pictures, a third of which or more is nearly black or white",
    lambda case: (
        COLOUR_PHOTOGRAPHS.holds(case) and not FEW.holds(case) and case.black_or_white >= DRAWINGS_FROM
    ),
)
TINY = When(
    f"images whose shorter side has less than {TWO_HALVINGS_BELOW} pixels",
    lambda case: case.side < TWO_HALVINGS_BELOW,
)
SMALL = When(
    f"images whose shorter side has up to {WIDE_UP_TO} pixels",
    lambda case: case.side <= WIDE_UP_TO,
)
LARGE = When(
    f"images whose shorter side has more than {WIDE_UP_TO} pixels",
    lambda case: case.side > WIDE_UP_TO,
)

RULES: tuple[Rule, ...] = (
    Rule({"filters": 64}, SMALL, "small images leave time for wide networks"),
    Rule({"filters": 32}, LARGE, "two cores make enough steps with narrow networks only"),
    Rule({"filters": 32}, TINY, "many steps are worth more to tiny images than wide networks"),
    Rule({"dense_units": 256}, WRITING, "a dense layer sees a whole shape, such as a digit, at every size"),
    Rule({"discriminator_bias": True}, ALL, "beside batch norm, it lets the discriminator see pale samples"),
    Rule({"latent_dim": 64}, ALL, "a shorter latent is learnt in fewer steps"),
    Rule({"batch_size": 32}, ALL, "many small steps draw better than few large ones"),
    Rule({"batch_size": 16}, TINY, "with still more steps, digits were drawn better"),
    Rule({"learning_rate": 4e-4}, ALL, "twice the usual rate, because most runs are short"),
    Rule({"anneal": 0.3}, ALL, "small steps at the end draw finer than large ones"),
    Rule({"instance_noise": 0.3}, WRITING, "the discriminator tells digits apart too early without it"),
    Rule(
        {"anneal": 0.0},
        WRITING,
        "with falling rates, the discriminator got ahead in long runs of digits",
    ),
    Rule(
        {"instance_noise": 0.3}, DRAWINGS, "with flat colours, the discriminator gets too certain without it"
    ),
    Rule({"anneal": 0.0}, DRAWINGS, "with falling rates, the discriminator got ahead in runs of icons"),
    Rule({"ema_images": 10_000}, ALL, "samples come from averaged weights, which are steadier"),
    Rule({"ema_calibration": True}, ALL, "small batches would make samples pale"),
    Rule({"label_smoothing": 0.1}, ALL, "slows down the discriminator, which otherwise wins early"),
    Rule({"diffaugment": 1.0}, FEW, "the discriminator would learn so few by heart"),
    Rule({"batch_size": 16}, FEW, "so few pictures need many steps, and small batches make more of them"),
    Rule({"even_upsampling": True}, FEW_IN_COLOUR, "small batches would lay a grid of dots over photographs"),
    Rule({"filters": 32}, FEW, "many steps are worth more to so few pictures than wide networks"),
    Rule({"flip": False}, GREY, "mirrored writing and scans are other pictures"),
    Rule({"flip": True}, COLOUR_PHOTOGRAPHS, "a mirrored photograph is a photograph too"),
    Rule({"flip": False}, DRAWINGS, "mirrored icons, flags and letters are other pictures"),
    Rule({"flip": False}, FEW, "mirrored pictures would be twice as many to learn, and mix with the others"),
)
"""The table. Change values here; `docs/guides/train.md` is made from it by `scripts/documentation.py`."""
OF_CONVOLUTIONAL = {"filters", "dense_units", "discriminator_bias", "even_upsampling", "ema_calibration"}
"""Settings of rules that are left out for the fully connected GAN, on which they have no effect."""
