"""Read image datasets of the Hugging Face Hub, through the package `datasets`.

That package downloads a dataset once and keeps it; without a network it reads what it kept. The images are
taken in encoded form and prepared like the files of a folder, so that an image gives the same pixels from
both.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.decoding.formats import formats
from dcgan_tf.data.hf_builder import one_sentence, open_builder, short
from dcgan_tf.data.hf_files import DownloadedFiles
from dcgan_tf.data.image_set import BadFile, ImageSet, MissingSplitError, cached
from dcgan_tf.errors import DataError

_READ_BATCH = 64
_NOT_ITS_OWN = "not a file that was downloaded with the dataset"


@dataclass(frozen=True)
class _Columns:
    """The names of the columns that are read.

    Attributes:
        image: the encoded images.
        label: the class, or None.
        class_names: its names.
        attributes: the true-or-false columns.
        remarks: which columns are not used, and why.
    """

    image: str
    label: str | None
    class_names: tuple[str, ...]
    attributes: tuple[str, ...]
    remarks: tuple[str, ...]


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return the images of a dataset of the Hub, resized and cached; it is downloaded when it is first used.

    The image is the column "image", or else the first column of images; labels come from the class column
    "label", or else the first of classes; every true-or-false column becomes an attribute.

    Args:
        config: `spec` is hf:USER/NAME[/CONFIG]. Gives the size, the channels and the fit.
        split: in the notation of `datasets`: "train", "train[:10%]", "train+test".

    Returns:
        uint8 [N, H, W, C] in [0, 255], memory-mapped, in the order of the dataset.

    Raises:
        DataError: in one line, if `datasets` is not installed, or the dataset cannot be found, cannot be
            read, is without images, or lacks the split.
    """
    builder = open_builder(config.spec)
    total = _count(builder, config.spec, split)
    columns = _find_columns(builder.info.features, config.spec)
    text = repr((preparation.VERSION, formats(), config.spec, split, builder.hash, columns))
    digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    name = config.spec.removeprefix("hf:").replace("/", "-")
    prepare = partial(_prepare, builder, columns, split=split, total=total, config=config)
    image_set = cached(config.cache_dir, preparation.key(name, split, digest, config=config), prepare)
    preparation.check_bad_fraction(image_set, config=config)
    return image_set


def sizes(config: DataConfig, *, splits: Sequence[str]) -> dict[str, int]:
    """Return {split: number of images} for the splits that exist.

    Raises:
        DataError: if the dataset cannot be read.
    """
    builder = open_builder(config.spec)
    found = {}
    for split in splits:
        with contextlib.suppress(MissingSplitError):
            found[split] = _count(builder, config.spec, split)
    return found


def first_images(config: DataConfig, num: int) -> list[Path | bytes]:
    """Return the first images of a dataset as they are stored, encoded.

    Args:
        config: `spec` and `split` are used.
        num: number of images.

    Raises:
        DataError: as in `load`.
    """
    builder = open_builder(config.spec)
    _count(builder, config.spec, config.split)
    columns = _find_columns(builder.info.features, config.spec)
    batches = _batches(builder, columns, config.split, config.spec)
    files = DownloadedFiles()
    images = (files.encoded(value) or b"" for batch in batches for value in batch[columns.image])
    return [image for _, image in zip(range(num), images, strict=False)]


def _count(builder: Any, spec: str, split: str) -> int:
    """Return the number of examples in a split."""
    from datasets import ReadInstruction

    lengths = {name: found.num_examples for name, found in builder.info.splits.items()}
    existing = ", ".join(lengths)
    try:
        parts = ReadInstruction.from_spec(split).to_absolute(lengths)
    except (ValueError, AssertionError) as error:
        reason = "" if "Unrecognized" in str(error) else f": {short(error)}"
        raise MissingSplitError(
            f"split of {spec} must be made of {existing}, such as {next(iter(lengths))}[:10%], received "
            f"{split!r}{reason}"
        ) from None
    total = sum(int(part.to - part.from_) for part in parts)
    if total < 1:
        raise MissingSplitError(f"split {split!r} of {spec} is empty; there are {existing}")
    return total


def _find_columns(features: Any, spec: str) -> _Columns:
    """Find the image, the label and the attributes among the columns of a dataset.

    Raises:
        DataError: if there is no image.
    """
    import datasets

    images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise DataError(f"{spec} has no column of images, it has {', '.join(features)}")
    image = "image" if "image" in images else images[0]
    labels = [name for name, feature in features.items() if isinstance(feature, datasets.ClassLabel)]
    label = "label" if "label" in labels else labels[0] if labels else None
    others = ", ".join(name for name in images if name != image)
    remarks = [f"the images are those of the column {image}; there are others: {others}"] if others else []
    if label is None and "label" in features:
        kind = getattr(features["label"], "dtype", type(features["label"]).__name__)
        remarks.append(
            f"there are no labels, because the column label holds {kind}, and not classes with names"
        )
    return _Columns(
        image=image,
        label=label,
        class_names=tuple(features[label].names) if label else (),
        attributes=tuple(
            name for name, f in features.items() if isinstance(f, datasets.Value) and f.dtype == "bool"
        ),
        remarks=tuple(remarks),
    )


def _prepare(
    builder: Any, columns: _Columns, scratch: Path, *, split: str, total: int, config: DataConfig
) -> ImageSet:
    labels: list[int | None] = []
    attributes: dict[str, list[bool | None]] = {name: [] for name in columns.attributes}
    files = DownloadedFiles()

    def sources() -> Iterator[tuple[str, Path | bytes | BadFile]]:
        position = 0
        for batch in _batches(builder, columns, split, config.spec):
            if columns.label:
                labels.extend(batch[columns.label])
            for name, flags in attributes.items():
                flags.extend(batch[name])
            for value in batch[columns.image]:
                name, encoded = f"example {position}", files.encoded(value)
                yield name, BadFile(name, _NOT_ITS_OWN) if encoded is None else encoded
                position += 1

    prepared = preparation.write_images(sources(), folder=scratch, config=config, total=total)
    kept = [labels[i] for i in prepared.kept] if labels else []
    classes, remarks = _classes(kept, columns, config.spec)
    return ImageSet(
        name=config.spec.split("/")[1],
        images=prepared.images,
        labels=classes,
        label_names=columns.class_names if classes is not None else (),
        attributes={
            name: np.array(flags, np.uint8)[prepared.kept]
            for name, flags in attributes.items()
            if None not in flags  # which would mean that it is not known
        },
        fingerprint=prepared.fingerprint,
        bad_files=prepared.bad_files,
        unordered_fingerprint=prepared.unordered_fingerprint,
        remarks=(*prepared.remarks, *columns.remarks, *remarks),
    )


def _classes(labels: list[int | None], columns: _Columns, spec: str) -> tuple[np.ndarray | None, list[str]]:
    """Return the labels as int64 [N], or None if any is not known, and what is to be said about that.

    Raises:
        DataError: if a label has no name.
    """
    if not labels or all(label == -1 for label in labels):  # how datasets mark secret labels of a test set
        return None, []
    known = np.array([label for label in labels if label is not None and label >= 0], np.int64)
    if missing := len(labels) - len(known):
        return None, [
            f"there are no labels, because the column {columns.label} lacks {missing:,} of {len(labels):,}"
        ]
    if known.max() >= len(columns.class_names):
        raise DataError(
            f"{spec} is damaged: it has a label {known.max()}, but only {len(columns.class_names)} names of "
            "labels"
        )
    return known, []


def _batches(builder: Any, columns: _Columns, split: str, spec: str) -> Iterator[dict[str, list[Any]]]:
    """Yield batches of examples as lists, in stored order, with the images still encoded."""
    import datasets

    wanted = [columns.image, *([columns.label] if columns.label else []), *columns.attributes]
    with one_sentence(spec):
        dataset = builder.as_dataset(split=split).select_columns(wanted)
        dataset = dataset.cast_column(columns.image, datasets.Image(decode=False))
        batches = iter(dataset.iter(batch_size=_READ_BATCH))
    while True:
        with one_sentence(spec):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
