"""A .tflite as its schema sees it: two of them joined to one, and the runtime that it needs.

The converter chooses one precision for a whole model. Joined, each part keeps its own.
"""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

FILE_IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""Bytes. Runtimes read weights where they lie; the schema asks for this, its own Python writer does not."""

_RUNTIME = b"min_runtime_version"


def join(first: bytes, second: bytes) -> bytes:
    """Make one model of two: what the first gives is what the second takes.

    Args:
        first: a .tflite of one graph and one signature.
        second: likewise; its signature's inputs are called what the first one's outputs are.

    Returns:
        A .tflite with the inputs of the first and, under the name of the second's signature, the outputs of
        the second.

    Raises:
        ValueError: if the second does not take what the first gives.
    """
    model, other = (schema.ModelT.InitFromPackedBuf(content) for content in (first, second))
    (signature,), (behind,) = model.signatureDefs, other.signatureDefs
    given = {entry.name.decode(): entry.tensorIndex for entry in signature.outputs}
    taken = {entry.tensorIndex: entry.name.decode() for entry in behind.inputs}
    if (names := sorted(taken.values())) != sorted(given):
        raise ValueError(f"expected a model that takes {sorted(given)}, received one of {names}")
    model.metadata = _notes(model, other)
    places = _append_graph(model, other, {tensor: given[name] for tensor, name in taken.items()})
    for entry in behind.outputs:
        entry.tensorIndex = places[entry.tensorIndex]
    signature.outputs, signature.signatureKey = behind.outputs, behind.signatureKey
    return _packed(model)


def minimum_runtime(model: schema.ModelT) -> str:
    """Return the oldest TensorFlow Lite that has all the operators, as the converter noted it."""
    for entry in model.metadata or []:
        if entry.name == _RUNTIME:
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    return "unknown"


def _notes(model: schema.ModelT, other: schema.ModelT) -> list[schema.MetadataT]:
    """Return the second's metadata, as it will lie behind the first; the runtime is the later of the two."""
    runtimes = [[int(part) for part in minimum_runtime(each).split(".")] for each in (model, other)]
    kept = [entry for entry in other.metadata if entry.name != _RUNTIME or runtimes[1] >= runtimes[0]]
    for entry in kept:
        entry.buffer += len(model.buffers)
    names = {entry.name for entry in kept}
    return kept + [entry for entry in model.metadata if entry.name not in names]


def _append_graph(model: schema.ModelT, other: schema.ModelT, inputs: dict[int, int]) -> dict[int, int]:
    """Append the second's operators, tensors and buffers to the first.

    Args:
        model: the first.
        other: the second.
        inputs: for each input of the second, the tensor of the first that takes its place.

    Returns:
        For each tensor of the second, its number in the joined graph.
    """
    graph, behind = model.subgraphs[0], other.subgraphs[0]
    own = [tensor for tensor in range(len(behind.tensors)) if tensor not in inputs]
    places = {-1: -1, **inputs, **{tensor: len(graph.tensors) + i for i, tensor in enumerate(own)}}
    for operator in behind.operators:
        operator.opcodeIndex += len(model.operatorCodes)
        operator.inputs = [places[tensor] for tensor in operator.inputs]
        operator.outputs = [places[tensor] for tensor in operator.outputs]
    for tensor in behind.tensors:
        tensor.buffer += len(model.buffers)
    graph.operators += behind.operators
    graph.tensors += [behind.tensors[tensor] for tensor in own]
    graph.outputs = [places[tensor] for tensor in behind.outputs]
    model.operatorCodes += other.operatorCodes
    model.buffers += other.buffers
    return places


def _packed(model: schema.ModelT) -> bytes:
    model.buffers = [_AlignedBuffer(buffer.data) for buffer in model.buffers]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]  # the schema is untyped
    """The bytes of a tensor, written where a vector of them may begin."""

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802  # the schema's name
        if self.data is not None:
            builder.Prep(ALIGNMENT, np.size(self.data))
        return int(super().Pack(builder))
