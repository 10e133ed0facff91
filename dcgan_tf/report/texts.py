"""What the report says of each analysis to somebody who has never seen one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """The words around one analysis.

    Attributes:
        title: of its section.
        see: what is in the figure, one sentence.
        look: what to look for, one sentence.
        convolutional: whether a fully connected network cannot have it.
        command: its name, where that is not the analysis'.
        further: a command that shows more of it; {folder} is the analysis' folder.
        instead: another analysis that answers the same question, and is shown where this one is missing.
        of_all_classes: whether a conditional run need not be told of which class.
    """

    title: str
    see: str
    look: str
    convolutional: bool = False
    command: str = ""
    further: str = ""
    instead: str = ""
    of_all_classes: bool = False


ANALYSES: dict[str, Text] = {
    "neighbours": Text(
        "Does it memorise?",
        "Each row starts with a generated picture and goes on with the training pictures nearest to it.",
        "A generator that copied would show the same picture twice; one that learnt shows relatives, no "
        "nearer than pictures that it was never shown are.",
        of_all_classes=True,
    ),
    "walk": Text(
        "Walking in latent space",
        "Every row goes in small, equal steps from the numbers behind one picture to those behind another.",
        "All pictures on the way should be sensible and change gradually; jumps would mean that single "
        "pictures were learnt by heart, and a cross-fade of pixels shows what mere mixing looks like.",
    ),
    "turn": Text(
        "Turning: one property at a time",
        "One direction in latent space is added to different pictures, a little more in each column.",
        "One property, such as where a face looks, should change from left to right while all else stays as "
        "it was; a random direction of the same length shows what would happen anyway.",
    ),
    "filters": Text(
        "What the filters look at",
        "For some of the discriminator's detectors: the pictures that excite them most and the pixels that "
        "are responsible, with a network of random weights beside it.",
        "Trained filters should single out parts that mean something, such as eyes, a mouth or a crown; "
        "random ones respond to edges and colours anywhere.",
        convolutional=True,
    ),
    "forget": Text(
        "Forgetting: removing an object",
        "The same pictures are drawn with all of the generator's feature maps, and again without the few "
        "that draw one object.",
        "That object should be gone or replaced while the rest of the picture remains; leaving out as many "
        "maps at random shows what the loss of any maps would do.",
        convolutional=True,
    ),
    "arithmetic": Text(
        "Arithmetic with what pictures show",
        "The numbers behind a few example pictures are averaged, added and subtracted, as in king − man + "
        "woman, and the framed picture is drawn from the result.",
        "The result should show what the formula promises and still be a clean picture; the same sum taken "
        "in pixels shows why this is not mere overlaying.",
        instead="sample-arithmetic",
    ),
    "analogies": Text(
        "Every analogy",
        "One bar for each formula of two properties, such as man with crown − man + woman, in place of the "
        "famous one alone.",
        "Long bars mean that directions in latent space have a meaning; the marks show what the same sum of "
        "pixels and what random latents reach.",
        command="arithmetic",
    ),
    "probe": Text(
        "What the discriminator knows",
        "A simple linear classifier is trained on what the discriminator computes of pictures, and asked "
        "what they show.",
        "The farther it is above raw pixels and a network of random weights, the more the discriminator has "
        "learnt of what pictures show, without ever being told.",
        convolutional=True,
    ),
    "embed": Text(
        "A map of what the discriminator sees",
        "Each point is a picture, real or generated, and lies where the discriminator's features put it.",
        "Pictures that look alike should lie together, and generated ones among the real ones, so that their "
        "nearest neighbours cannot tell them apart.",
        convolutional=True,
        further="tensorboard --logdir {folder}",
    ),
}
"""In the order of the report."""


def text_of(name: str) -> Text:
    """Return the words for an analysis; general ones for one that is not known here."""
    fallback = Text(
        name.replace("_", " ").capitalize(),
        "This picture was made by a further analysis of the run.",
        "Hold each number against what it is compared with.",
    )
    return ANALYSES.get(name, fallback)
