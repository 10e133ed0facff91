"""Read image datasets of the Hugging Face Hub, through the package `datasets`.

That package downloads a dataset once and keeps it; without a network it reads what it kept. The images are
taken in encoded form and prepared like the files of a folder, so that an image gives the same pixels from
both.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.image_set import ImageSet, MissingSplitError, cached
from dcgan_tf.errors import DataError, first_line
from dcgan_tf.progress import bars_on_terminals_only

_READ_BATCH = 64


@dataclass(frozen=True)
class _Columns:
    """The names of the columns that are read.

    Attributes:
        image: the encoded images.
        label: the class, or None.
        class_names: its names.
        attributes: the true-or-false columns.
        passed_over: other columns with images.
    """

    image: str
    label: str | None
    class_names: tuple[str, ...]
    attributes: tuple[str, ...]
    passed_over: tuple[str, ...]


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
    builder = _builder(config.spec)
    total = _count(builder, config.spec, split)
    columns = _find_columns(builder.info.features, config.spec)
    text = repr((preparation.VERSION, config.spec, split, builder.hash, columns))
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
    builder = _builder(config.spec)
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
    builder = _builder(config.spec)
    _count(builder, config.spec, config.split)
    columns = _find_columns(builder.info.features, config.spec)
    batches = _batches(builder, columns, config.split, config.spec)
    images = (_encoded(value) for batch in batches for value in batch[columns.image])
    return [image for _, image in zip(range(num), images, strict=False)]


def _builder(spec: str) -> Any:
    """Return the reader of a dataset whose files are on this computer now."""
    name = spec.removeprefix("hf:")
    parts = name.split("/")
    if len(parts) not in (2, 3) or not all(re.fullmatch(r"\w[\w.-]*", part, re.ASCII) for part in parts):
        raise DataError(f"data must be hf:USER/NAME or hf:USER/NAME/CONFIG, received {spec!r}")
    try:
        import datasets
    except ModuleNotFoundError:
        raise DataError(
            f"{spec} needs the package datasets, which is not installed: pip install datasets"
        ) from None
    from huggingface_hub import utils as hub_utils

    repo, chosen = "/".join(parts[:2]), parts[2] if len(parts) == 3 else None
    with (
        bars_on_terminals_only(datasets.utils),
        bars_on_terminals_only(hub_utils),
        _quiet_about_cards(),
        _one_sentence(spec, repo),
    ):
        # With this prefix, a folder USER/NAME here is not taken for the dataset.
        builder = datasets.load_dataset_builder(f"hf://datasets/{repo}", chosen)
        builder.download_and_prepare()
    return builder


@contextlib.contextmanager
def _one_sentence(spec: str, repo: str) -> Iterator[None]:
    """Turn the errors of `datasets` in the block into one sentence."""
    from datasets.exceptions import DatasetNotFoundError, DatasetsError
    from huggingface_hub.errors import HTTPError
    from yaml import YAMLError

    try:
        yield
    except DatasetNotFoundError as error:
        raise DataError(
            f"the Hub has no dataset {repo} that you may see ({_short(error)}); check the name. If it is "
            "private or asks for a permission, log in with `hf auth login`"
        ) from error
    except ConnectionError as error:
        raise DataError(
            f"{spec} is not on this computer yet, and the Hub cannot be reached ({_short(error)}); check the "
            "network"
        ) from error
    except (DatasetsError, HTTPError, YAMLError, ValueError, OSError, RuntimeError) as error:
        if configs := re.search(r"(?:available configs|Available): \[(.*?)\]", str(error)):
            names = configs[1].replace("'", "").split(", ")
            raise DataError(
                f"{spec} must name one of the configurations of {repo}: {', '.join(names)}; such as "
                f"hf:{repo}/{names[0]}"
            ) from error
        reason = error.__cause__ if type(error).__name__ == "DatasetGenerationError" else error
        raise DataError(f"{spec} cannot be read: {_short(reason or error)}") from error


@contextlib.contextmanager
def _quiet_about_cards() -> Iterator[None]:
    """Stop the Hub's client from saying that a dataset's card has no front matter, which needs none."""
    logger = logging.getLogger("huggingface_hub.repocard")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _short(error: BaseException) -> str:
    return first_line(error).strip().rstrip(".") or type(error).__name__


def _count(builder: Any, spec: str, split: str) -> int:
    """Return the number of examples in a split."""
    from datasets import ReadInstruction

    lengths = {name: found.num_examples for name, found in builder.info.splits.items()}
    existing = ", ".join(lengths)
    try:
        parts = ReadInstruction.from_spec(split).to_absolute(lengths)
    except (ValueError, AssertionError) as error:
        raise MissingSplitError(
            f"split of {spec} must be made of {existing}, such as {next(iter(lengths))}[:10%], received "
            f"{split!r}: {_short(error)}"
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
    return _Columns(
        image=image,
        label=label,
        class_names=tuple(features[label].names) if label else (),
        attributes=tuple(name for name, f in features.items() if getattr(f, "dtype", None) == "bool"),
        passed_over=tuple(name for name in images if name != image),
    )


def _prepare(
    builder: Any, columns: _Columns, scratch: Path, *, split: str, total: int, config: DataConfig
) -> ImageSet:
    labels: list[int] = []
    attributes: dict[str, list[bool | None]] = {name: [] for name in columns.attributes}

    def sources() -> Iterator[tuple[str, Path | bytes]]:
        position = 0
        for batch in _batches(builder, columns, split, config.spec):
            if columns.label:
                labels.extend(-1 if label is None else label for label in batch[columns.label])
            for name, flags in attributes.items():
                flags.extend(batch[name])
            for value in batch[columns.image]:
                yield f"example {position}", _encoded(value)
                position += 1

    prepared = preparation.write_images(sources(), folder=scratch, config=config, total=total)
    classes = np.array(labels, np.int64)[prepared.kept] if labels else None
    if classes is not None and classes.min() < 0:  # how datasets mark a test set whose labels are secret
        classes = None
    if classes is not None and classes.max() >= len(columns.class_names):
        raise DataError(
            f"{config.spec} is damaged: it has a label {classes.max()}, but only {len(columns.class_names)} "
            "names of labels"
        )
    others = ", ".join(columns.passed_over)
    remark = f"the images are those of the column {columns.image}; there are others: {others}"
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
        remarks=(*prepared.remarks, *([remark] if others else [])),
    )


def _batches(builder: Any, columns: _Columns, split: str, spec: str) -> Iterator[dict[str, list[Any]]]:
    """Yield batches of examples as lists, in stored order, with the images still encoded."""
    import datasets

    wanted = [columns.image, *([columns.label] if columns.label else []), *columns.attributes]
    with _one_sentence(spec, spec.removeprefix("hf:")):
        dataset = builder.as_dataset(split=split).select_columns(wanted)
        dataset = dataset.cast_column(columns.image, datasets.Image(decode=False))
        batches = iter(dataset.iter(batch_size=_READ_BATCH))
    while True:
        with _one_sentence(spec, spec.removeprefix("hf:")):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _encoded(value: dict[str, Any] | None) -> Path | bytes:
    """Return an image as it is stored: its bytes, or its file; an example without an image has no bytes."""
    stored = value or {}
    content = stored.get("bytes")
    return content if content is not None else Path(stored["path"]) if stored.get("path") else b""
