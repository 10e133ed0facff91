"""Questions about real images with an answer for each image, made from attributes and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.data import ImageSet

CLASSES = "class"


@dataclass(frozen=True)
class Question:
    """A question about each image.

    Attributes:
        name: name of the attribute, or "class".
        options: names of the possible answers.
        answers: numbers of the options, int64 [N].
    """

    name: str
    options: tuple[str, ...]
    answers: np.ndarray

    def of(self, rows: np.ndarray) -> Question:
        """Return the same question about some of the images."""
        return Question(self.name, self.options, self.answers[rows])

    @property
    def commonest(self) -> float:
        """The share of the images with the commonest answer, which is the accuracy of a constant guess."""
        return float(np.bincount(self.answers).max() / len(self.answers))


def questions(image_set: ImageSet) -> list[Question]:
    """Return questions for the class, if there are two or more, and for each binary attribute.

    Args:
        image_set: the images; continuous attributes are left out.
    """
    found = []
    if image_set.labels is not None and len(image_set.label_names) > 1:
        found.append(Question(CLASSES, image_set.label_names, image_set.labels.astype(np.int64)))
    for name, values in image_set.attributes.items():
        if values.dtype == np.uint8:
            found.append(Question(name, _options(name), (values > 0).astype(np.int64)))
    return found


def _options(attribute: str) -> tuple[str, ...]:
    """Return the possible answers for a binary attribute, which may be called "class", too."""
    return f"no {attribute}", attribute


def shown(asked: Sequence[Question]) -> dict[str, np.ndarray]:
    """Return {attribute or class: whether each image shows it, bool [N]}."""
    found: dict[str, np.ndarray] = {}
    for question in asked:
        if question.options == _options(question.name):
            found[question.name] = question.answers == 1
        else:
            found |= {name: question.answers == i for i, name in enumerate(question.options)}
    return found
