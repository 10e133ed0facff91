"""Two .tflite files joined to one, and what the file says of the runtime that it needs."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from dcgan_tf.export.formats.flatbuffer import ALIGNMENT, join, minimum_runtime

KERNEL, NEXT_KERNEL = np.split(
    np.random.default_rng(0).normal(size=(40, 90)).astype(np.float32), [40], axis=1
)


def converted(function, *inputs: tf.TensorSpec, eight_bit: bool = False) -> bytes:
    module = tf.Module()
    module.serving_default = tf.function(function, input_signature=inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serving_default.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT] if eight_bit else []
    return converter.convert()


def vector(name: str) -> tf.TensorSpec:
    return tf.TensorSpec((1, 40), tf.float32, name=name)


@pytest.fixture(scope="module")
def first() -> bytes:
    """Give x W and x + y, both of which the second takes."""
    return converted(
        lambda x, y: {"product": x @ KERNEL, "total": x + y},
        vector("x"),
        vector("y"),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["float", "8-bit"])
def second(request) -> bytes:
    return converted(
        lambda total, product: {"out": tf.nn.relu(product @ NEXT_KERNEL), "again": 2 * total},
        vector("total"),
        vector("product"),
        eight_bit=request.param,
    )


def test_the_joined_model_computes_one_behind_the_other(first, second):
    x, y = np.random.default_rng(1).normal(size=(2, 1, 40)).astype(np.float32)
    given = run(first, x=x, y=y)
    expected, found = run(second, **given), run(join(first, second), x=x, y=y)
    assert found.keys() == {"out", "again"}
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)
    np.testing.assert_array_equal(found["again"], 2 * (x + y))


def run(content: bytes, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return {name: values.copy() for name, values in runner(**inputs).items()}


def test_no_tensor_is_left_that_no_operator_uses(first, second):
    graph = schema.ModelT.InitFromPackedBuf(join(first, second)).subgraphs[0]
    used = {tensor for operator in graph.operators for tensor in (*operator.inputs, *operator.outputs)}
    assert used - {-1} == set(range(len(graph.tensors)))


def test_weights_keep_the_precision_of_their_part(request, first, second):
    tensors = schema.ModelT.InitFromPackedBuf(join(first, second)).subgraphs[0].tensors
    types = {tuple(tensor.shape): tensor.type for tensor in tensors if min(tensor.shape, default=0) >= 40}
    of_second = schema.TensorType.INT8 if "8-bit" in request.node.name else schema.TensorType.FLOAT32
    assert types == {(40, 40): schema.TensorType.FLOAT32, (50, 40): of_second}


def test_weights_lie_where_a_vector_of_them_may_begin(first, second):
    content = join(first, second)
    model = schema.Model.GetRootAs(content)
    buffers = [model.Buffers(i).DataAsNumpy() for i in range(model.BuffersLength())]
    filled = [buffer for buffer in buffers if isinstance(buffer, np.ndarray) and buffer.size]
    start = np.frombuffer(content, np.uint8).ctypes.data
    assert len(filled) >= 3
    assert {(buffer.ctypes.data - start) % ALIGNMENT for buffer in filled} == {0}


@pytest.mark.parametrize(
    ("runtimes", "expected"),
    [
        (("1.5.0", "2.17.0"), "2.17.0"),
        (("2.17.0", "1.5.0"), "2.17.0"),
        (("2.9.0", "2.10.0"), "2.10.0"),
        (("silent", "2.10.0"), "2.10.0"),
        (("2.9.0", "silent"), "2.9.0"),
    ],
)
def test_the_runtime_is_new_enough_for_both(first, second, runtimes, expected):
    parts = [with_runtime(content, text) for content, text in zip((first, second), runtimes, strict=True)]
    model = schema.ModelT.InitFromPackedBuf(join(*parts))
    assert minimum_runtime(model) == expected
    assert len({entry.name for entry in model.metadata}) == len(model.metadata)


def with_runtime(content: bytes, version: str) -> bytes:
    """Write another version over the one that the converter noted, in place."""
    model = schema.ModelT.InitFromPackedBuf(content)
    (entry,) = (entry for entry in model.metadata if entry.name == b"min_runtime_version")
    old = bytes(model.buffers[entry.buffer].data)
    assert content.count(old) == 1
    return content.replace(old, version.encode().ljust(len(old), b"\0"))


def test_a_file_that_does_not_say_so_has_no_known_runtime():
    assert minimum_runtime(schema.ModelT()) == "unknown"


@pytest.mark.parametrize(
    "inputs",
    [
        [vector("product")],
        [vector("product"), vector("other")],
        [vector("product"), tf.TensorSpec((1, 41), tf.float32, name="total")],
        [vector("product"), tf.TensorSpec((1, 40), tf.int32, name="total")],
    ],
    ids=["one input", "another name", "another shape", "another type"],
)
def test_a_model_that_takes_something_else_is_refused(first, inputs):
    other = converted(
        lambda *values: {"out": sum(tf.reduce_sum(tf.cast(value, tf.float32)) for value in values)}, *inputs
    )
    message = r"takes \{'product': 'float32 \[1, 40\]', 'total': 'float32 \[1, 40\]'\}, received one"
    with pytest.raises(ValueError, match=message):
        join(first, other)


def test_a_model_without_a_signature_is_refused(first):
    bare = schema.ModelT.InitFromPackedBuf(first)
    bare.signatureDefs = None
    builder = flatbuffers.Builder()
    builder.Finish(bare.Pack(builder), file_identifier=b"TFL3")
    with pytest.raises(ValueError, match="1 graph and 1 signature, received one of 1 and 0"):
        join(first, bytes(builder.Output()))
