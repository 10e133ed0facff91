"""Two .tflite files joined to one, and what the file says of the runtime that it needs."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from dcgan_tf.export.flatbuffer import ALIGNMENT, join, minimum_runtime

KERNELS = np.random.default_rng(0).normal(size=(2, 40, 40)).astype(np.float32)


def float_model(function, *inputs: tf.TensorSpec, eight_bit: bool = False) -> bytes:
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
    return float_model(
        lambda x, y: {"product": x @ KERNELS[0], "sum": x + y},
        vector("x"),
        vector("y"),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["float", "8-bit"])
def second(request) -> bytes:
    return float_model(
        lambda sum, product: {"out": tf.nn.relu(product @ KERNELS[1]) - sum, "again": 2 * sum},
        vector("sum"),
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


def test_nothing_is_left_that_no_operator_uses(first, second):
    graph = schema.ModelT.InitFromPackedBuf(join(first, second)).subgraphs[0]
    used = {tensor for operator in graph.operators for tensor in (*operator.inputs, *operator.outputs)}
    assert used - {-1} == set(range(len(graph.tensors)))


def test_weights_keep_the_precision_of_their_part(first, second):
    def types(*contents: bytes) -> list[int]:
        models = [schema.ModelT.InitFromPackedBuf(content) for content in contents]
        shown = [tensor for model in models for tensor in model.subgraphs[0].tensors]
        return sorted(tensor.type for tensor in shown if list(tensor.shape) == [40, 40])

    assert types(join(first, second)) == types(first, second)


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
    [(("1.5.0", "2.17.0"), "2.17.0"), (("2.17.0", "1.5.0"), "2.17.0"), (("2.9.0", "2.10.0"), "2.10.0")],
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


def test_a_model_that_takes_something_else_is_refused(first):
    other = float_model(lambda x: {"out": x + 1}, vector("x"))
    with pytest.raises(ValueError, match=r"takes \['product', 'sum'\], received one of \['x'\]"):
        join(first, other)
