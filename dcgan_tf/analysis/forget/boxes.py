"""Find where samples show an attribute: boxes from a file, from known geometry, or by occlusion."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.analysis.forget.occlusion import Margin, occlusion_boxes
from dcgan_tf.data import attribute_boxes
from dcgan_tf.errors import DataError

OCCLUSION = "occlusion"
PAPER_BOXES = 52
"""The number of boxes that the paper's authors drew by hand on 150 samples (Radford et al. 2015, 6.3.1)."""
_NUM_DRAWN = 2000
_MOST_DIGITS = 9
_FARTHEST = 1e6
"""The largest number in a file that can be an edge of a box, in pixels."""


@dataclass(frozen=True)
class Boxes:
    """The boxes of some samples.

    Attributes:
        source: their origin, for the protocol.
        of: {number of the sample: float32 [k, 4], top, left, bottom, right in pixels}, k at least 1.
    """

    source: str
    of: Mapping[int, np.ndarray]

    @property
    def count(self) -> int:
        """The number of boxes."""
        return sum(len(boxes) for boxes in self.of.values())


def read_boxes(path: Path, *, image_size: tuple[int, int], num_images: int) -> Boxes:
    """Read boxes that somebody drew: {"sample number": [[top, left, bottom, right], ...]} in pixels.

    Args:
        path: a JSON file.
        image_size: (height, width) in pixels, which the boxes have to overlap.
        num_images: the numbers of samples must be below it.

    Raises:
        DataError: if the file cannot be read or is not such an object; it names the first wrong entry.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict) or not content:
        raise DataError(
            f'{path} must be an object such as {{"3": [[2, 6, 14, 26]]}}, with at least one sample'
        )
    found = {}
    for key, entry in content.items():
        if not key.isdecimal() or len(key) > _MOST_DIGITS or int(key) >= num_images:
            raise DataError(
                f"{path}: {key!r} is not the number of a sample that is learnt from, 0 to {num_images - 1}; "
                "that is the first half of --num-images"
            )
        found[int(key)] = _checked(entry, f"{path}: sample {key}", image_size)
    return Boxes(f"drawn by hand ({path.name})", found)


def known_place(attribute: str, *, spec: str, image_size: tuple[int, int]) -> np.ndarray | None:
    """Return the box in which drawn portraits have an attribute, or None if it is not known.

    It is the mean box of the first 2,000 training images, each edge moved outwards by the standard deviation
    of that edge. The faces are centred, so it is the place in samples too.

    Args:
        attribute: "crown", "glasses" and "smile" (the mouth) have a place.
        spec: spec of the data; only "portraits" is known.
        image_size: (height, width) in pixels.

    Returns:
        float32 [4]: top, left, bottom, right in pixels.
    """
    if spec != "portraits":
        return None
    drawn = attribute_boxes(np.arange(_NUM_DRAWN), image_size=image_size)
    if attribute not in drawn:
        return None
    edges = drawn[attribute]
    outwards = np.array([-1, -1, 1, 1]) * edges.std(axis=0)
    limits = np.tile(np.array(image_size, np.float32), 2)
    return np.asarray(np.clip(edges.mean(axis=0) + outwards, 0, limits), np.float32)


def find_boxes(
    attribute: str,
    chosen: Path | str | None,
    *,
    spec: str,
    images: np.ndarray,
    shown: np.ndarray,
    margin: Margin,
) -> Boxes:
    """Return boxes of the samples that show an attribute.

    Args:
        attribute: name of the attribute.
        chosen: a JSON file; "occlusion"; None is the known place if there is one, and occlusion otherwise.
        spec: spec of the run's data.
        images: the samples that are learnt from, uint8 [N, H, W, C].
        shown: whether each shows the attribute, bool [N].
        margin: the margin of the attribute in images, for occlusion.

    Raises:
        DataError: for a file that is malformed.
    """
    image_size = (images.shape[1], images.shape[2])
    if chosen is not None and str(chosen) != OCCLUSION:
        return read_boxes(Path(chosen), image_size=image_size, num_images=len(images))
    numbers = np.flatnonzero(shown)
    place = None if chosen else known_place(attribute, spec=spec, image_size=image_size)
    if place is not None:
        source = "where the training images have it: their mean box, widened by its standard deviation"
        return Boxes(source, {int(i): place[None] for i in numbers})
    found = occlusion_boxes(images[numbers], np.mean(images[~shown], axis=0), margin, wanted=PAPER_BOXES)
    return Boxes(
        "occlusion: the smallest window in which the mean of the samples without the attribute hides it",
        {int(numbers[i]): box[None] for i, box in found.items()},
    )


def inside(boxes: np.ndarray, *, image_size: tuple[int, int], map_size: tuple[int, int]) -> np.ndarray:
    """Return the positions of a map whose centres lie in a box; at least one for each box.

    Args:
        boxes: [k, 4]: top, left, bottom, right in pixels.
        image_size: (H, W) in pixels.
        map_size: (h, w), positions; (H, W) itself gives the pixels.

    Returns:
        bool [h, w].
    """
    found = np.zeros(map_size, bool)
    for top, left, bottom, right in np.asarray(boxes, float):
        rows = _covered(top, bottom, image_size[0], map_size[0])
        columns = _covered(left, right, image_size[1], map_size[1])
        found[np.ix_(rows, columns)] = True
    return found


def _covered(start: float, end: float, length: int, positions: int) -> np.ndarray:
    """Return the positions whose centres lie in [start, end), or else the one at the middle."""
    pixels = length / positions
    centres = (np.arange(positions) + 0.5) * pixels
    covered = np.flatnonzero((centres >= start) & (centres < end))
    if len(covered):
        return covered
    middle = math.floor((max(start, 0) + min(end, length)) / 2 / pixels)
    return np.array([min(max(middle, 0), positions - 1)])


def _checked(entry: Any, where: str, image_size: tuple[int, int]) -> np.ndarray:
    if not isinstance(entry, list) or not entry:
        raise DataError(f"{where} must have a list of boxes, received {entry!r}")
    height, width = image_size
    for box in entry:
        numbers = isinstance(box, list) and all(type(edge) in (int, float) for edge in box)
        if not numbers or len(box) != 4 or not all(abs(edge) < _FARTHEST for edge in box):
            raise DataError(f"{where}: a box is [top, left, bottom, right] in pixels, received {box!r}")
        top, left, bottom, right = box
        if not (top < bottom and left < right and top < height and left < width and bottom > 0 and right > 0):
            raise DataError(
                f"{where}: a box needs top < bottom and left < right and must overlap the picture, "
                f"{height}x{width} pixels; received {box!r}"
            )
    return np.array(entry, np.float32)
