"""Describe a set of images in words and in a grid, before training."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from dcgan_tf.data.image_set import ImageSet

SHOWN_BAD_FILES = 50
_AT_ONCE = 1000


def data_summary(image_set: ImageSet) -> str:
    """Return lines on the number, size, channels, levels, labels, attributes and bad files of a set."""
    facts = data_facts(image_set)
    (height, width), levels, held_out = facts["image_size"], facts["levels"], facts["num_held_out"]
    aside = f" and {held_out:,} that {'is' if held_out == 1 else 'are'} held out" if held_out else ""
    lines = [
        f"{facts['name']}: {_number(facts['num_images'], 'image')}{aside}, {height}x{width} pixels, "
        f"{_number(facts['channels'], 'channel')}",
        f"levels {levels['least']} to {levels['largest']}, mean {levels['mean']:.1f}",
        *_labels(facts["labels"]),
        *_attributes(facts["attributes"]),
        *bad_file_lines(image_set),
    ]
    return "\n".join(lines)


def data_facts(image_set: ImageSet) -> dict[str, Any]:
    """Return what is in a set of images, as JSON can hold it.

    Returns:
        `name`; `num_images` and `num_held_out`; `image_size`, [height, width], and `channels`; `levels`, from
        0 to 255: `least`, `largest` and `mean`; `labels`, {name: number of images}, or None;
        `attributes`, {name: `share` of the images that have it, or `least`, `largest` and `mean`};
        `bad_files`, a list of `file` and `reason`.
    """
    count, height, width, channels = image_set.images.shape
    return {
        "name": image_set.name,
        "num_images": count,
        "num_held_out": len(image_set.held_out) if image_set.held_out else 0,
        "image_size": [height, width],
        "channels": channels,
        "levels": _levels(image_set.images),
        "labels": _counts(image_set),
        "attributes": {name: _attribute(values) for name, values in image_set.attributes.items()},
        "bad_files": [{"file": str(bad.file), "reason": bad.reason} for bad in image_set.bad_files],
    }


def example_images(image_set: ImageSet, num: int = 64) -> np.ndarray:
    """Return images that are spread evenly over the set, uint8 [min(num, N), H, W, C]."""
    chosen = np.linspace(0, len(image_set) - 1, min(num, len(image_set))).astype(int)
    return np.asarray(image_set.images[chosen])


def _levels(images: np.ndarray) -> dict[str, float]:
    """Return the range and the mean of all values; it reads a memory-mapped array a part at a time."""
    least, largest, total = 255, 0, 0
    for start in range(0, len(images), _AT_ONCE):
        part = images[start : start + _AT_ONCE]
        least, largest = min(least, int(part.min())), max(largest, int(part.max()))
        total += int(part.sum(dtype=np.int64))
    return {"least": least, "largest": largest, "mean": total / images.size}


def _counts(image_set: ImageSet) -> dict[str, int] | None:
    if image_set.labels is None:
        return None
    counts = Counter(image_set.labels.tolist())
    return {name: counts[i] for i, name in enumerate(image_set.label_names)}


def _attribute(values: np.ndarray) -> dict[str, float]:
    if values.dtype == np.uint8:
        return {"share": float(values.mean())}
    return {"least": float(values.min()), "largest": float(values.max()), "mean": float(values.mean())}


def _labels(counts: dict[str, int] | None) -> list[str]:
    if counts is None:
        return ["no labels"]
    shares = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return [f"{_number(len(counts), 'label')}: {shares}"]


def _attributes(attributes: dict[str, dict[str, float]]) -> list[str]:
    lines = ["no attributes"] if not attributes else []
    for name, of in attributes.items():
        if "share" in of:
            lines.append(f"attribute {name}: {of['share']:.1%} of the images")
        else:
            lines.append(f"attribute {name}: {of['least']:.2f} to {of['largest']:.2f}, mean {of['mean']:.2f}")
    return lines


def bad_file_lines(image_set: ImageSet) -> list[str]:
    """Return a line for each file that could not be used, after a line with their number."""
    bad = image_set.bad_files
    if not bad:
        return []
    lines = [f"{_number(len(bad), 'file')} could not be used:"]
    lines += [f"  {entry.file}: {entry.reason}" for entry in bad[:SHOWN_BAD_FILES]]
    if len(bad) > SHOWN_BAD_FILES:
        lines.append(f"  … and {len(bad) - SHOWN_BAD_FILES:,} more, in the manifest of the prepared images")
    return lines


def _number(count: int, of: str) -> str:
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"
