"""What analyses found for a page: directions of attributes, and the feature maps that draw an object.

Analyses write them into the run directory, and an export reads those of its own step. This module knows the
form of both files. What it reads may have been changed by hand, so everything is checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from dcgan_tf.printable import printable
from dcgan_tf.runs.records import read_json, write_json
from dcgan_tf.runs.run import Run

LONGEST_NAME, MOST = 100, 200


@dataclass(frozen=True)
class Direction:
    """A direction of latent space along which one attribute changes.

    Attributes:
        name: the attribute.
        shown_class: name of the class in which it was found, or None.
        vector: latent_dim numbers: what is added to a latent, which then gets its own length again, at the
            far end of a slider. At the near end, it is subtracted.
        changes: how far the attribute moves from one end to the other, in ranges of ordinary samples (5th to
            95th percentile).
        kept: the share of the other attributes that stay as they were, at both ends; None without others.
        kept_by_chance: the same for a random direction of the same length.
        num_images: number of samples on which the shares were measured.
    """

    name: str
    shown_class: str | None
    vector: tuple[float, ...]
    changes: float
    kept: float | None
    kept_by_chance: float | None
    num_images: int


@dataclass(frozen=True)
class ForgottenMaps:
    """The feature maps without which an object is not drawn.

    Attributes:
        name: the object, a binary attribute.
        shown_class: name of the class in which they were found, or None.
        layer: the layer of the maps, counted from the image: 1 feeds the convolution that makes the image.
        maps: numbers of the maps. They are set to 0 at every position, after their ReLU.
        left: the share of the samples with the object that still show it.
        left_by_chance: the same without as many random maps.
        changed: the largest share of samples in which another attribute changes.
        realistic: the share of samples that are then as realistic as ordinary ones.
        num_images: number of samples on which the shares were measured.
    """

    name: str
    shown_class: str | None
    layer: int
    maps: tuple[int, ...]
    left: float
    left_by_chance: float
    changed: float
    realistic: float
    num_images: int


Found = TypeVar("Found", Direction, ForgottenMaps)


def add_adjustments(
    path: Path, run: Run, found: Iterable[Direction | ForgottenMaps], *, looked_for: Iterable[str]
) -> None:
    """Write what was found; keep what was found before at other steps, and of other attributes or classes.

    Args:
        path: the JSON file.
        run: the run in which it was found.
        found: directions, or maps.
        looked_for: the attributes that were looked for; what was found of them before, in the same class
            and at the same step, is removed.

    Raises:
        StorageError: if the file cannot be written.
    """
    new = [asdict(one) for one in found]
    known = {(name, run.shown_class) for name in looked_for}
    known |= {(one["name"], one["shown_class"]) for one in new}
    sets = _sets(read_json(path, default={}))
    kept = [
        one
        for earlier in sets
        if _fits(earlier, run)
        for one in earlier["found"]
        if isinstance(one, dict) and (one.get("name"), one.get("shown_class")) not in known
    ]
    others = [earlier for earlier in sets if not _is_of_step(earlier, run)]
    write_json(path, {"sets": [*others, {**_marks(run), "found": [*kept, *new]}]})


def read_directions(path: Path, run: Run) -> list[Direction] | str:
    """Return the directions in a file, or why there are none for this step of the run.

    Args:
        path: the JSON file; it may be missing.
        run: the opened run.

    Returns:
        The directions; or the end of a sentence, such as "is of step 500, and this is step 600".
    """

    def direction(entry: dict[str, Any]) -> Direction:
        vector = tuple(float(number) for number in entry["vector"])
        if len(vector) != run.config.model.latent_dim or not all(map(math.isfinite, vector)):
            raise ValueError("not a direction of these latents")
        return Direction(
            **_named(entry),
            vector=vector,
            changes=_finite(entry["changes"]),
            kept=_share_or_none(entry["kept"]),
            kept_by_chance=_share_or_none(entry["kept_by_chance"]),
        )

    return _read(path, run, direction)


def read_forgotten(path: Path, run: Run) -> list[ForgottenMaps] | str:
    """Return the maps in a file, or why there are none for this step of the run; see `read_directions`.

    Whether the generator has such maps is not checked.
    """

    def forgotten(entry: dict[str, Any]) -> ForgottenMaps:
        return ForgottenMaps(
            **_named(entry),
            layer=_whole(entry["layer"], least=1),
            maps=tuple(_whole(number, least=0) for number in entry["maps"]),
            left=_share(entry["left"]),
            left_by_chance=_share(entry["left_by_chance"]),
            changed=_share(entry["changed"]),
            realistic=_share(entry["realistic"]),
        )

    return _read(path, run, forgotten)


def _marks(run: Run) -> dict[str, Any]:
    """Return what must be equal for something that was found to fit a run."""
    return {"step": run.step, "generator": run.weights, "weights": run.digest}


def _is_of_step(found: dict[str, Any], run: Run) -> bool:
    """Return whether something was found at this step, if not of these weights, which a run may forget."""
    return (found["step"], found["generator"]) == (run.step, run.weights)


def _fits(found: dict[str, Any], run: Run) -> bool:
    # Files of early versions do not say which weights they are of.
    return _is_of_step(found, run) and found.get("weights", run.digest) == run.digest


def _sets(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was found at each step, of each kind of weights; the last is what was written last."""
    sets = content.get("sets")
    kinds = {"step": int, "generator": str, "found": list}
    return [
        one
        for one in (sets if isinstance(sets, list) else [])
        if isinstance(one, dict) and all(type(one.get(key)) is kind for key, kind in kinds.items())
    ]


def _read(path: Path, run: Run, make: Callable[[dict[str, Any]], Found]) -> list[Found] | str:
    if not path.is_file():
        return "is missing"
    sets = _sets(read_json(path, default={}))
    if not sets:
        return "is damaged"
    of_step = [one for one in sets if one["step"] == run.step]
    if not of_step:
        return f"is of step {sets[-1]['step']!s:.20}, and this is step {run.step}"
    found = next((one for one in of_step if _fits(one, run)), None)
    if found is None and any(_is_of_step(one, run) for one in of_step):
        return f"is of other weights of step {run.step}"
    if found is None:
        return f"is of the {printable(of_step[-1]['generator'])[:40]}, and these are the {run.weights}"
    try:
        return [make(entry) for entry in found["found"][:MOST]]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return "is damaged"


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    name, shown_class = entry["name"], entry["shown_class"]
    if not isinstance(name, str) or not isinstance(shown_class, str | None):
        raise TypeError("not a name")
    if not name or len(name) > LONGEST_NAME:
        raise ValueError("not a name")
    return {
        "name": name,
        "shown_class": shown_class,
        "num_images": _whole(entry["num_images"], least=1),
    }


def _whole(value: Any, *, least: int) -> int:
    if type(value) is not int or not least <= value < 2**31:
        raise ValueError("not a whole number")
    return value


def _finite(value: Any) -> float:
    if not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _share(value: Any) -> float:
    if not 0 <= value <= 1:
        raise ValueError("not a share")
    return float(value)


def _share_or_none(value: Any) -> float | None:
    return None if value is None else _share(value)
