"""Describe a set of images in words and in a grid, before training."""

from __future__ import annotations

from collections import Counter

import numpy as np

from dcgan_tf.data.image_set import ImageSet

SHOWN_BAD_FILES = 50


def data_summary(image_set: ImageSet) -> str:
    """Return lines on the number, size, channels, levels, labels, attributes and bad files of a set."""
    count, height, width, channels = image_set.images.shape
    some = image_set.images[: min(count, 1000)]
    aside = f" and {len(image_set.held_out):,} that are held out" if image_set.held_out else ""
    lines = [
        f"{image_set.name}: {count:,} images{aside}, {height}x{width} pixels, {channels} channel(s)",
        f"levels {some.min()} to {some.max()}, mean {some.mean():.1f}",
        *_labels(image_set),
        *_attributes(image_set),
        *bad_file_lines(image_set),
    ]
    return "\n".join(lines)


def example_images(image_set: ImageSet, num: int = 64) -> np.ndarray:
    """Return images that are spread evenly over the set, uint8 [min(num, N), H, W, C]."""
    chosen = np.linspace(0, len(image_set) - 1, min(num, len(image_set))).astype(int)
    return np.asarray(image_set.images[chosen])


def _labels(image_set: ImageSet) -> list[str]:
    if image_set.labels is None:
        return ["no labels"]
    counts = Counter(image_set.labels.tolist())
    shares = ", ".join(f"{name} {counts[i]:,}" for i, name in enumerate(image_set.label_names))
    return [f"{len(image_set.label_names)} labels: {shares}"]


def _attributes(image_set: ImageSet) -> list[str]:
    lines = ["no attributes"] if not image_set.attributes else []
    for name, values in image_set.attributes.items():
        if values.dtype == np.uint8:
            lines.append(f"attribute {name}: {values.mean():.1%} of the images")
        else:
            lines.append(
                f"attribute {name}: {values.min():.2f} to {values.max():.2f}, mean {values.mean():.2f}"
            )
    return lines


def bad_file_lines(image_set: ImageSet) -> list[str]:
    """Return a line for each file that could not be used, after a line with their number."""
    bad = image_set.bad_files
    if not bad:
        return []
    lines = [f"{len(bad):,} file(s) could not be used:"]
    lines += [f"  {entry.file}: {entry.reason}" for entry in bad[:SHOWN_BAD_FILES]]
    if len(bad) > SHOWN_BAD_FILES:
        lines.append(f"  … and {len(bad) - SHOWN_BAD_FILES:,} more, in the manifest of the prepared images")
    return lines
