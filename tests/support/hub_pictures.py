"""Files of datasets of the Hugging Face Hub, in the format that most of them have."""

from __future__ import annotations

import io
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from dcgan_tf.config import DataConfig
from dcgan_tf.data import hf
from dcgan_tf.errors import DataError
from odd_images import encoded, solid

RED, GREEN, BLUE = (200, 40, 20), (20, 200, 40), (20, 40, 200)


def png(colour: tuple[int, int, int], size: tuple[int, int] = (16, 12)) -> bytes:
    """Return an encoded picture of one colour."""
    return encoded("PNG", solid(colour, size=size))


def parquet(columns: dict[str, list], **features: Any) -> bytes:
    """Return a Parquet file with images in the column "image", and other columns.

    Args:
        columns: {name: values}; an image is its bytes, or {"bytes": …, "path": …}.
        features: what the other columns hold.
    """
    content = io.BytesIO()
    kinds = datasets.Features({"image": datasets.Image(), **features})
    rows = {
        name: [{"bytes": value, "path": None} if isinstance(value, bytes) else value for value in values]
        for name, values in columns.items()
    }
    table = datasets.Dataset.from_dict(rows, features=kinds).with_format("arrow")[:]
    pq.write_table(table.replace_schema_metadata(kinds.arrow_schema.metadata), content)
    return content.getvalue()


def faces(*colours: tuple[int, int, int], **columns: list) -> bytes:
    """Return a Parquet file with a picture of each colour."""
    return parquet({"image": list(map(png, colours)), **columns})


def error_of(config: DataConfig, split: str = "train") -> str:
    """Return the error of a dataset that cannot be used, which is one line."""
    with pytest.raises(DataError) as error:
        hf.load(config, split=split)
    assert "\n" not in str(error.value)
    return str(error.value)
