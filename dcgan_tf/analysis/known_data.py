"""What is known of a run's images, to choose suitable options for an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config import BUILT_IN_DATA, DATASETS
from dcgan_tf.errors import RunError

_WITH_DEGREES = "turn"
"""The only continuous attribute of the drawn portraits, which is recognised by its name alone."""
_FEWEST_UNSEEN = 2


@dataclass(frozen=True)
class KnownData:
    """What is known of a run's images.

    Attributes:
        binary: names of the yes-or-no attributes.
        continuous: names of the attributes with degrees.
        classes: names of the classes.
        unseen: number of images that training never saw; None if it is not recorded.
        is_recorded: whether it is known which attributes are binary; if not, all are assumed to be.
        is_built_in: whether the data come with the library, so that there are other images.
    """

    binary: Sequence[str] = ()
    continuous: Sequence[str] = ()
    classes: Sequence[str] = ()
    unseen: int | None = None
    is_recorded: bool = True
    is_built_in: bool = False

    @staticmethod
    def of(record: dict[str, Any], *, spec: str = "") -> KnownData:
        """Return what data.json says; attributes of unknown type are assumed to be binary, as most are.

        Args:
            record: with attribute_names and label_names, and, unless the run is of an early version,
                binary_attributes and num_unseen.
            spec: of the data, as for --data.
        """
        is_built_in, unseen = spec in BUILT_IN_DATA, record.get("num_unseen")
        names = _names(record, "attribute_names")
        binary = [name for name in names if name != _WITH_DEGREES]
        if "binary_attributes" in record:
            binary = _names(record, "binary_attributes")
        return KnownData(
            binary,
            [n for n in names if n not in binary],
            _names(record, "label_names"),
            unseen if isinstance(unseen, int) else None,
            "binary_attributes" in record or is_built_in or spec.startswith(DATASETS),
            is_built_in,
        )

    def require_unseen(self) -> None:
        """Refuse an analysis that needs images that training never saw, if there are none.

        Raises:
            RunError: if there are known to be fewer than two.
        """
        if self.unseen is not None and self.unseen < _FEWEST_UNSEEN:
            raise RunError(
                f"it needs images that training never saw, and there are {self.unseen}; a new run has some "
                "with a larger --held-out-fraction, with test/ beside train/ in the folder, or with another "
                "--split"
            )

    @property
    def unseen_if(self) -> str:
        """The condition that there are images that training never saw; "" if it is known."""
        is_open = self.unseen is None and not self.is_built_in
        return "there are images that training never saw" if is_open else ""


def _names(record: dict[str, Any], key: str) -> list[str]:
    found = record.get(key)
    return [str(name) for name in found] if isinstance(found, list) else []
