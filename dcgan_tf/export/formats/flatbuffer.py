"""Read and join .tflite files by their schema, and find the runtime that a file needs.

The converter chooses one precision for a whole model. Joined parts keep their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from dcgan_tf.errors import ArgumentError

FILE_IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""The alignment in bytes, which the schema requires but its Python writer does not ensure."""

_RUNTIME = b"min_runtime_version"


def join(first: bytes, second: bytes) -> bytes:
    """Join two models to one: the outputs of the first are the inputs of the second.

    Args:
        first: a .tflite of one graph and one signature, of ordinary operators.
        second: a .tflite of the same kind; its inputs have the names, shapes and types of the first one's
            outputs.

    Returns:
        A .tflite with the inputs of the first and, under the name of the second's signature, the outputs of
        the second.

    Raises:
        ArgumentError: if either is not such a model, or the second does not take what the first gives.
    """
    head, tail = _opened(first), _opened(second)
    (signature,), (tail_signature,) = head.signatureDefs, tail.signatureDefs
    given, taken = _described(head, signature.outputs), _described(tail, tail_signature.inputs)
    if given != taken:
        raise ArgumentError(f"expected a model that takes {given}, received one that takes {taken}")
    outputs = {entry.name: entry.tensorIndex for entry in signature.outputs}
    places = _append_graph(
        head, tail, {entry.tensorIndex: outputs[entry.name] for entry in tail_signature.inputs}
    )
    for entry in tail_signature.outputs:
        entry.tensorIndex = places[entry.tensorIndex]
    signature.outputs, signature.signatureKey = tail_signature.outputs, tail_signature.signatureKey
    return _packed(head)


def minimum_runtime(model: schema.ModelT) -> str:
    """Return the oldest TensorFlow Lite that has all operators, or "unknown" if the file does not say."""
    for entry in model.metadata or []:
        if entry.name == _RUNTIME:
            return bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
    return "unknown"


def _opened(content: bytes) -> schema.ModelT:
    model = schema.ModelT.InitFromPackedBuf(content)
    graphs, signatures = len(model.subgraphs or []), len(model.signatureDefs or [])
    if (graphs, signatures) != (1, 1):
        raise ArgumentError(
            f"expected a model of 1 graph and 1 signature, received one of {graphs} and {signatures}"
        )
    return model


def _described(model: schema.ModelT, entries: Sequence[schema.TensorMapT]) -> dict[str, str]:
    """Return the shape and type of each tensor of a signature, in the order of names."""
    types = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
    tensors = {entry.name.decode(): model.subgraphs[0].tensors[entry.tensorIndex] for entry in entries}
    return {
        name: f"{types[tensor.type].lower()} {np.asarray(tensor.shape).tolist()}"
        for name, tensor in sorted(tensors.items())
    }


def _append_graph(head: schema.ModelT, tail: schema.ModelT, inputs: Mapping[int, int]) -> dict[int, int]:
    """Append the tail's operators, tensors, buffers and metadata to the head; both are changed.

    Args:
        head: the first model.
        tail: the second.
        inputs: for each input of the tail, the tensor of the head that replaces it.

    Returns:
        For each tensor of the tail, its number in the joined graph.
    """
    graph, tail_graph = head.subgraphs[0], tail.subgraphs[0]
    own = [tensor for tensor in range(len(tail_graph.tensors)) if tensor not in inputs]
    places = {-1: -1, **inputs, **{tensor: len(graph.tensors) + i for i, tensor in enumerate(own)}}
    for operator in tail_graph.operators:
        operator.opcodeIndex += len(head.operatorCodes)
        operator.inputs = [places[tensor] for tensor in operator.inputs]
        operator.outputs = [places[tensor] for tensor in operator.outputs]
    head.metadata = _joined_metadata(head, tail)
    for tensor in tail_graph.tensors:
        tensor.buffer += len(head.buffers)
    graph.operators += tail_graph.operators
    graph.tensors += [tail_graph.tensors[tensor] for tensor in own]
    graph.outputs = [places[tensor] for tensor in tail_graph.outputs]
    head.operatorCodes += tail.operatorCodes
    head.buffers += tail.buffers
    return places


def _joined_metadata(head: schema.ModelT, tail: schema.ModelT) -> list[schema.MetadataT]:
    """Return the metadata of both, with buffers numbered as in the joined model.

    If both have an entry, the tail's is taken; but the runtime is the later of the two.
    """
    earlier = _version(tail) < _version(head)
    entries = [entry for entry in tail.metadata or [] if not (earlier and entry.name == _RUNTIME)]
    for entry in entries:
        entry.buffer += len(head.buffers)
    names = {entry.name for entry in entries}
    return entries + [entry for entry in head.metadata or [] if entry.name not in names]


def _version(model: schema.ModelT) -> list[int]:
    """Return the numbers of the runtime's version, or none if it is unknown."""
    return [int(part) for part in minimum_runtime(model).split(".") if part.isdigit()]


def _packed(model: schema.ModelT) -> bytes:
    model.buffers = [_AlignedBuffer.of(buffer) for buffer in model.buffers]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]  # the schema is untyped
    """The bytes of a tensor, which are written at an aligned place."""

    @classmethod
    def of(cls, buffer: schema.BufferT) -> _AlignedBuffer:
        aligned = cls()
        aligned.__dict__.update(buffer.__dict__)
        return aligned

    def Pack(self, builder: flatbuffers.Builder) -> int:  # noqa: N802  # the schema's name
        if self.data is not None:
            builder.Prep(ALIGNMENT, np.size(self.data))
        return int(super().Pack(builder))
