"""The description of the analysis `embed`: its command, its options, and its texts in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.description import Analysis, FindingKind
from dcgan_tf.analysis.known_data import KnownData

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


def make(run: Run, *, num_images: int, seed: int) -> Finding:
    """Lay out images with these options; see `embed`."""
    from dcgan_tf.analysis.embed.embed import embed

    return embed(run, num_images=num_images, seed=seed)


def _suggest(known: KnownData) -> dict[str, Any]:
    known.require_unseen()
    return {}


ANALYSIS = Analysis(
    name="embed",
    place=9,
    short_help="Lay out D's features for TensorBoard's Embedding Projector.",
    help="""Write D's features of training, held-out and generated images for TensorBoard's Projector.""",
    num_images=500,
    fewest=2,
    of="Show this many images of each kind: training, held-out and generated ones.",
    make=make,
    writes=("tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"),
    findings=(
        FindingKind(
            "embed",
            "A map of what the discriminator sees",
            "Each point is a picture, real or generated, and lies where the discriminator's features put it.",
            "Pictures that look alike should lie together, and generated ones among the real ones, so that "
            "their nearest neighbours cannot tell them apart.",
            convolutional=True,
            further="tensorboard --logdir {folder}",
            suggest=_suggest,
            condition=lambda known: known.unseen_if,
        ),
    ),
)
