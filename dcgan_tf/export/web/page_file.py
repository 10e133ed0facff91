"""Read a page of any origin as data, with a bound on memory."""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import ExportError
from dcgan_tf.export.network.folding import Dense, FoldedGenerator, Upsample

FORMAT = "dcgan_tf page 2"
EARLIER_FORMAT = "dcgan_tf page 1"
"""An earlier format that is read too; it has the classes among the first layer's int8 weights."""

MOST_BYTES = 2**27
"""The most bytes of a page's weights: 134 million, about one for each; a browser needs four times as many."""
_LARGEST_FILE, _LONGEST_MODEL, _LARGEST_SIDE = 2**28, 2**22, 4096
_DENSEST = 64
"""The most bytes for one byte of compressed weights; a trained network has about one."""


@dataclass(frozen=True)
class _Declared:
    """A page's checked description of its network.

    Attributes:
        shapes: shapes of the int8 kernels: (inputs, outputs) of dense layers, then (k, k, inputs, outputs).
        relus: whether max(·, 0) follows, for each.
        first_map: (height, width, channels).
        num_classes: K, the number of classes.
        float_classes: the number of classes with float32 weights: K or, in the first format, 0.
    """

    shapes: list[tuple[int, ...]]
    relus: list[bool]
    first_map: tuple[int, int, int]
    num_classes: int
    float_classes: int

    @property
    def num_floats(self) -> int:
        """The number of floats: a scale and a bias for each output, and the classes' weights."""
        return 2 * sum(shape[-1] for shape in self.shapes) + self.float_classes * self.shapes[0][-1]

    @property
    def num_bytes(self) -> int:
        """The number of bytes of all weights."""
        return 4 * self.num_floats + sum(map(math.prod, self.shapes))


def read_page(path: Path) -> FoldedGenerator:
    """Read the generator back from a page, with exactly the weights that the page uses.

    Nothing in the page is run. Its description is checked before anything is unpacked.

    Args:
        path: an HTML file that `write_page` wrote.

    Returns:
        The generator; its float64 arrays hold float32 values.

    Raises:
        ExportError: if the file is not such a page, or is damaged.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ExportError(f"it is larger than {_LARGEST_FILE // 2**20} MiB")
        page = path.read_text(encoding="utf-8", errors="replace")
        declared = _declared(_model(page))
        layers = _layers(declared, _unpacked(element_of(page, "weights"), declared.num_bytes))
    except (ExportError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExportError(
            f"expected a page that dcgan_tf exported, format {FORMAT!r} or {EARLIER_FORMAT!r}, received "
            f"{path}: {reason}"
        ) from error
    dense = tuple(layer for layer in layers if isinstance(layer, Dense))
    upsamples = tuple(layer for layer in layers if isinstance(layer, Upsample))
    return FoldedGenerator(dense, declared.first_map, upsamples, declared.num_classes)


def element_of(page: str, name: str) -> str:
    """Return the text of an element of a page: its `model`, `kernel` or `weights`.

    Raises:
        ExportError: if there is no element of that name.
    """
    match = re.search(rf'<script type="application/\w+" id="{name}">(.*?)</script>', page, re.DOTALL)
    if match is None:
        raise ExportError(f"it has no {name}, or is incomplete")
    return match[1]


def _model(page: str) -> dict[str, Any]:
    text = element_of(page, "model")
    if len(text) > _LONGEST_MODEL:
        raise ExportError(f"its model is longer than {_LONGEST_MODEL // 2**20} MiB")
    try:
        model = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"its model is not JSON ({error})") from None
    if not isinstance(model, dict):
        raise ExportError(f"its model must be a JSON object, received {type(model).__name__}")
    return model


def _declared(model: dict[str, Any]) -> _Declared:
    """Check that a page describes a possible generator.

    Raises:
        ExportError: if it does not; it names the field.
    """
    if model.get("format") not in (FORMAT, EARLIER_FORMAT):
        raise ExportError(f"its format is {model.get('format')!r:.80}")
    latent_dim = _whole(model.get("latent_dim"), "latent_dim")
    first_map = _whole_numbers(model.get("first_map"), "first_map", lengths=(3,))
    layers = model.get("layers")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise ExportError("its layers must be a list of objects")
    shapes = [_whole_numbers(layer.get("shape"), "layers[].shape", lengths=(2, 4)) for layer in layers]
    _check_chain(shapes, first_map)
    inputs = shapes[0][0]
    if model["format"] == EARLIER_FORMAT:
        num_classes, float_classes = inputs - latent_dim, 0
    else:
        num_classes = float_classes = _whole(model.get("num_classes"), "num_classes", least=0)
        inputs += num_classes
    if num_classes < 0 or inputs != latent_dim + num_classes:
        raise ExportError(f"its first layer has {shapes[0][0]} inputs, but its latent_dim is {latent_dim}")
    height, width, channels = first_map
    relus = [bool(layer.get("relu")) for layer in layers]
    declared = _Declared(shapes, relus, (height, width, channels), num_classes, float_classes)
    if declared.num_bytes > MOST_BYTES:
        raise ExportError(f"it declares {declared.num_bytes:,} bytes of weights, {MOST_BYTES:,} is the limit")
    return declared


def _check_chain(shapes: Sequence[tuple[int, ...]], first_map: Sequence[int]) -> None:
    """Check that each layer takes the output of the one before, and that the picture has a possible size."""
    dense = [shape for shape in shapes if len(shape) == 2]
    upsamples = [shape for shape in shapes if len(shape) == 4]
    taken = [*(shape[0] for shape in dense[1:]), math.prod(first_map)]
    channels = [first_map[2], *(shape[3] for shape in upsamples)]
    if (
        not dense
        or list(shapes) != dense + upsamples
        or [shape[1] for shape in dense] != taken
        or [shape[2] for shape in upsamples] != channels[:-1]
        or any(rows != columns or rows < 2 for rows, columns, *_ in upsamples)
        or channels[-1] not in (1, 3)
    ):
        raise ExportError("its layers do not fit together")
    if max(first_map[:2]) << min(len(upsamples), 32) > _LARGEST_SIDE:
        raise ExportError(f"its picture would have more than {_LARGEST_SIDE} pixels a side")


def _whole(value: Any, name: str, *, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= MOST_BYTES:
        raise ExportError(f"its {name} must be a whole number from {least}, received {value!r:.80}")
    return value


def _whole_numbers(values: Any, name: str, *, lengths: Sequence[int]) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) not in lengths:
        expected = " or ".join(map(str, lengths))
        raise ExportError(f"its {name} must be {expected} whole numbers, received {values!r:.80}")
    return tuple(_whole(value, name) for value in values)


def _unpacked(text: str, size: int) -> bytes:
    """Return a number of bytes from gzip in base64; refuse data that are too short for so many bytes."""
    try:
        packed = base64.b64decode(text.strip(), validate=True)
        if size > _DENSEST * len(packed) + 2**20:
            raise ExportError(f"{len(packed):,} bytes cannot hold the {size:,} that it declares")
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(packed, size + 1)
    except (ValueError, zlib.error) as error:
        raise ExportError(f"its weights are damaged ({error})") from None
    if len(data) != size or not unpacker.eof:
        raise ExportError(f"its weights are damaged: they are not the {size:,} bytes that it declares")
    return data


def _layers(declared: _Declared, data: bytes) -> list[Dense | Upsample]:
    """Return the layers; the float32 weights of the classes follow those of the latent."""
    shapes, outputs = declared.shapes, [shape[-1] for shape in declared.shapes]
    floats = np.frombuffer(data, "<f4", count=declared.num_floats)
    if not np.isfinite(floats).all():
        raise ExportError("its weights are damaged: some are not numbers")
    levels = np.frombuffer(data, np.int8, offset=floats.nbytes)
    *scales_and_biases, class_weights = np.split(floats, np.cumsum(np.repeat(outputs, 2)))
    kernels = np.split(levels, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
    layers: list[Dense | Upsample] = []
    for i, shape in enumerate(shapes):
        kernel = (kernels[i].reshape(shape) * scales_and_biases[2 * i]).astype(np.float64)
        kind = Dense if len(shape) == 2 else Upsample
        layers.append(kind(kernel, scales_and_biases[2 * i + 1].astype(np.float64), declared.relus[i]))
    rows = class_weights.reshape(declared.float_classes, outputs[0]).astype(np.float64)
    return [replace(layers[0], kernel=np.concatenate([layers[0].kernel, rows])), *layers[1:]]
