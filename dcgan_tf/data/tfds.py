"""Read prepared image datasets of TensorFlow Datasets. Nothing is ever downloaded here.

The images are read in encoded form and prepared like the files of a folder, so that an image gives the same
pixels from both.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.image_set import ImageSet, MissingSplitError, cached
from dcgan_tf.data.tfds_features import Columns, at_path, find_columns, put_at_path
from dcgan_tf.errors import DataError

_READ_BATCH = 256


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return the images of a prepared TensorFlow dataset, resized and cached.

    The image is the feature called "image", or else the first by name; labels come from the class feature
    called "label", or else the first by name; every true-or-false feature, such as CelebA's forty, becomes an
    attribute.

    Args:
        config: `spec` is tfds:NAME[/CONFIG][:VERSION]; `data_dir` is where it was prepared, None being the
            place that TensorFlow Datasets itself uses. Gives the size, the channels and the fit.
        split: in TensorFlow Datasets' notation: "train", "train[:10%]", "train+test".

    Returns:
        uint8 [N, H, W, C] in [0, 255], memory-mapped, in the order of the stored files.

    Raises:
        DataError: in one line, if the dataset is unknown, not prepared, without images, or lacks the split.
    """
    builder = _builder(config.spec.removeprefix("tfds:"), config.data_dir)
    total = _count(builder, split)
    columns = find_columns(builder.info.features, builder.info.full_name)
    digest = _digest(builder, split)
    key = preparation.key(builder.info.full_name.replace("/", "-"), split, digest, config=config)
    prepare = partial(_prepare, builder, columns, split=split, total=total, config=config)
    image_set = cached(config.cache_dir, key, prepare)
    preparation.check_bad_fraction(image_set, config=config)
    return image_set


def sizes(config: DataConfig, *, splits: Sequence[str]) -> dict[str, int]:
    """Return {split: number of images} for the splits that exist.

    Raises:
        DataError: if the dataset is unknown or not prepared.
    """
    builder = _builder(config.spec.removeprefix("tfds:"), config.data_dir)
    found = {}
    for split in splits:
        with contextlib.suppress(MissingSplitError):
            found[split] = _count(builder, split)
    return found


def first_images(config: DataConfig, num: int) -> list[bytes]:
    """Return the first images of a dataset as they are stored, encoded.

    Args:
        config: `spec`, `split` and `data_dir` are used.
        num: number of images, at most 256.

    Raises:
        DataError: as in `load`.
    """
    builder = _builder(config.spec.removeprefix("tfds:"), config.data_dir)
    _count(builder, config.split)
    columns = find_columns(builder.info.features, builder.info.full_name)
    return list(at_path(next(_batches(builder, columns, config.split)), columns.image)[:num])


def _builder(name: str, data_dir: str | None) -> Any:
    """Return the reader of a dataset on disk, of any version, without running the code that makes it."""
    from tensorflow_datasets.core.read_only_builder import builder_from_files
    from tensorflow_datasets.core.registered import DatasetNotFoundError
    from tensorflow_datasets.core.utils.file_utils import list_data_dirs

    try:
        folder = Path(data_dir).expanduser() if data_dir else None
    except RuntimeError as error:  # ~nobody
        raise DataError(f"data_dir must be a folder, received {data_dir!r}: {error}") from error
    try:
        with _damage(f"data=tfds:{name} cannot be opened"):
            return builder_from_files(name, data_dir=folder)
    except DatasetNotFoundError:
        places = [Path(place) for place in list_data_dirs(given_data_dir=folder)]
    raise DataError(_not_found(name, places))


@contextlib.contextmanager
def _damage(message: str) -> Iterator[None]:
    """Turn TFDS' errors about odd names, incomplete preparation and damaged files into one sentence.

    An error raised directly at the call means a wrong call, which is a bug here, and is left as it is.
    """
    import tensorflow as tf
    from google.protobuf.json_format import Error as JsonFormatError
    from tensorflow_datasets.core.registered import DatasetNotFoundError

    try:
        yield
    except DatasetNotFoundError:
        raise
    except (ValueError, TypeError, KeyError, OSError, JsonFormatError, tf.errors.OpError) as error:
        where = error.__traceback__.tb_next if error.__traceback__ else None  # below the block's own frame
        if isinstance(error, DataError) or where is None or where.tb_next is None:
            raise
        raise DataError(f"{message}: {_first_line(error)}") from error


def _not_found(name: str, places: list[Path]) -> str:
    """Return the error for a dataset that is not on disk, with advice."""
    import tensorflow_datasets as tfds

    short = name.split("/")[0].split(":")[0]
    where = " and ".join(str(place) for place in places)
    known = tfds.list_builders(with_community_datasets=False)  # the community's list would be downloaded
    others = [f"{short}/{folder}" for place in places for folder in _folders(place / short)]
    there = f" (only {', '.join(others)})" if others else ""
    if short in known:
        command = f"import tensorflow_datasets as tfds; tfds.load({name!r}, data_dir={str(places[0])!r})"
        return f'the dataset {name} is not prepared in {where}{there}; prepare it with: python -c "{command}"'
    if others:
        return f"the dataset {name} is not prepared in {where}{there}"
    on_disk = [folder for place in places for folder in _folders(place)]
    close = difflib.get_close_matches(short, [*on_disk, *known], n=3)
    hint = f"; did you mean {' or '.join(dict.fromkeys(close))}?" if close else ""
    return f"TensorFlow Datasets knows no dataset {short!r}, and none of that name is in {where}{hint}"


def _folders(place: Path) -> list[str]:
    """Return the names of the folders in a folder, or none if it does not exist."""
    try:
        return sorted(
            path.name for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []


def _count(builder: Any, split: str) -> int:
    """Return the number of examples in a split."""
    existing = ", ".join(builder.info.splits)
    if not existing:
        raise DataError(f"{builder.info.full_name} in {builder.data_dir} has no splits; prepare it again")
    try:
        total = int(builder.info.splits[split].num_examples)
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:  # the last: a part of "all"
        raise MissingSplitError(
            f"split of {builder.info.full_name} must be made of {existing}, such as train[:10%], received "
            f"{split!r}: {_first_line(error)}"
        ) from None
    if total < 1:
        raise MissingSplitError(f"split {split!r} of {builder.info.full_name} is empty; there are {existing}")
    return total


def _digest(builder: Any, split: str) -> str:
    """Return a digest of a split, which also changes if it is prepared again under the same version."""
    with _damage(f"{builder.info.full_name} in {builder.data_dir} cannot be read"):
        paths = sorted(Path(builder.data_dir).iterdir())
        # Corrected labels leave every size as it was.
        files = [(path.name, (status := path.stat()).st_size, status.st_mtime_ns) for path in paths]
    text = repr((preparation.VERSION, builder.info.full_name, split, files))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _prepare(
    builder: Any, columns: Columns, scratch: Path, *, split: str, total: int, config: DataConfig
) -> ImageSet:
    labels: list[np.ndarray] = []
    attributes: dict[str, list[np.ndarray]] = {name: [] for name in columns.attributes}

    def sources() -> Iterator[tuple[str, bytes]]:
        position = 0
        for batch in _batches(builder, columns, split):
            if columns.label:
                labels.append(at_path(batch, columns.label))
            for name, path in columns.attributes.items():
                attributes[name].append(at_path(batch, path))
            for encoded in at_path(batch, columns.image):
                yield f"example {position}", encoded
                position += 1

    prepared = preparation.write_images(sources(), folder=scratch, config=config, total=total)
    classes = np.concatenate(labels)[prepared.kept].astype(np.int64) if labels else None
    names = at_path(builder.info.features, columns.label).names if columns.label else ()
    if classes is not None and classes.max() >= len(names):
        raise DataError(
            f"{builder.info.full_name} in {builder.data_dir} is damaged: it has a label {classes.max()}, but "
            f"only {len(names)} names of labels; delete it and prepare it again"
        )
    if classes is not None and classes.min() < 0:  # how datasets mark a test set whose labels are secret
        classes = None
    return ImageSet(
        name=builder.info.name,
        images=prepared.images,
        labels=classes,
        label_names=tuple(names) if classes is not None else (),
        attributes={
            name: np.concatenate(flags)[prepared.kept].astype(np.uint8) for name, flags in attributes.items()
        },
        fingerprint=prepared.fingerprint,
        bad_files=prepared.bad_files,
        unordered_fingerprint=prepared.unordered_fingerprint,
        remarks=prepared.remarks,
    )


def _batches(builder: Any, columns: Columns, split: str) -> Iterator[dict[str, Any]]:
    """Yield batches of examples as NumPy arrays, in stored order, with the images still encoded."""
    import tensorflow_datasets as tfds

    wanted: dict[str, Any] = {}
    for path in (columns.image, *([columns.label] if columns.label else []), *columns.attributes.values()):
        put_at_path(wanted, path, True)
    decoders: dict[str, Any] = {}
    put_at_path(decoders, columns.image, tfds.decode.SkipDecoding())
    message = f"{builder.info.full_name} in {builder.data_dir} is damaged, delete it and prepare it again"
    with _damage(message), _quiet_absl():
        dataset = builder.as_dataset(
            split=split,
            batch_size=_READ_BATCH,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(wanted, decoders=decoders),
            read_config=tfds.ReadConfig(try_autocache=False),
        )
    batches = iter(tfds.as_numpy(dataset))
    while True:
        with _damage(message):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


@contextlib.contextmanager
def _quiet_absl() -> Iterator[None]:
    """Stop TFDS from warning about a deprecated property that it reads itself."""
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    return re.sub(r"^\{\{.*?\}\} |\s*\[Op:\w+\].*$", "", first)  # TensorFlow's names for its own insides
