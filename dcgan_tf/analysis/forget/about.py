"""The description of the analysis `forget`: its command, its options, and its texts in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcgan_tf.analysis.description import Analysis, FindingKind, Option
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import RunError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(
    run: Run,
    *,
    attribute: str,
    boxes: str | None,
    drop: int | None,
    layer: int | None,
    num_images: int,
    seed: int,
) -> Finding:
    """Forget with these options; see `forget`."""
    from dcgan_tf.analysis.forget.forget import forget

    return forget(
        run, attribute=attribute, boxes=boxes, drop=drop, layer=layer, num_images=num_images, seed=seed
    )


def forgotten(known: KnownData) -> str:
    """Return what to forget: the crown, or the first binary attribute.

    Raises:
        RunError: if there is none.
    """
    if not known.binary:
        raise RunError("forgetting an object needs a yes-or-no attribute that tells of it; the data has none")
    return "crown" if "crown" in known.binary else known.binary[0]


def _condition(known: KnownData) -> str:
    return "" if known.is_recorded else f"{forgotten(known)} is a yes-or-no attribute"


ANALYSIS = Analysis(
    name="forget",
    place=5,
    short_help="Drop the feature maps that draw something.",
    help="""Find the feature maps that draw something, drop them, and draw the same samples again.

    Try dcgan-tf forget RUN --attribute crown.""",
    num_images=2048,
    fewest=40,
    of="Draw this many samples: half to find the maps, half for the numbers.",
    options=(
        Option(
            "attribute",
            None,
            "Forget this attribute, such as crown.",
            type=str,
            required=True,
        ),
        Option(
            "boxes",
            None,
            "Read the attribute's boxes from FILE.json: "
            '{"3": [[top, left, bottom, right]]} has one in sample 3, in pixels. Only samples of the first '
            "half can have boxes. 'occlusion' finds the boxes with the classifier.  [default: its place in "
            "the drawn portraits, else occlusion]",
            type=str,
            metavar="FILE.json|occlusion",
        ),
        Option(
            "drop",
            None,
            "Drop this many maps.  [default: as many as forget it best at the least cost to the others]",
            minimum=1,
        ),
        Option(
            "layer",
            None,
            "Drop maps of this layer, counted from the image: 1 feeds the convolution that makes the image.  "
            "[default: the first maps, which the latent is projected to]",
            minimum=1,
        ),
    ),
    make=make,
    writes=("maps.json",),
    findings=(
        FindingKind(
            "forget",
            "Forgetting: removing an object",
            "The same pictures are drawn with all of the generator's feature maps, and again without the few "
            "that draw one object.",
            "That object should be gone or replaced while the rest of the picture remains; leaving out as "
            "many maps at random shows what the loss of any maps would do.",
            convolutional=True,
            suggest=lambda known: {"attribute": forgotten(known)},
            condition=_condition,
        ),
    ),
)
