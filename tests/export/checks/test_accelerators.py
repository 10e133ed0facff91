"""Which accelerator takes how many operators: all that it refuses is counted, and none is made up."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from dcgan_tf.export.checks import accelerators
from dcgan_tf.export.checks.accelerators import (
    UNKNOWN,
    Placement,
    ask,
    placements,
    refused_by_gpu_delegate,
)
from dcgan_tf.export.formats import litert


def model_of(content: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromPackedBuf(content)


def converted(function, *shape: int, dtype=tf.float32) -> schema.ModelT:
    spec = tf.TensorSpec(shape, dtype)
    concrete = tf.function(function, input_signature=[spec]).get_concrete_function()
    return model_of(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())


@pytest.fixture(scope="module")
def naive(run) -> schema.ModelT:
    return model_of(litert.convert_naively(run.generator)["TFLiteConverter.from_keras_model"])


@pytest.fixture
def there(monkeypatch):
    """Have an accelerator that takes all models but those with operators of these names."""

    def make(*refused: str) -> list[int]:
        sizes: list[int] = []

        def compiles(content: bytes, accelerator: str) -> bool:
            model = model_of(content)
            names = [accelerators.name_of(model, op) for op in model.subgraphs[0].operators]
            sizes.append(len(names))
            return not set(names) & set(refused)

        monkeypatch.setattr(accelerators, "_compiles", compiles)
        return sizes

    return make


def test_the_gpu_delegate_leaves_what_keras_own_conversion_has(naive):
    left = refused_by_gpu_delegate(naive)
    layers = left.count("TRANSPOSE_CONV")
    assert layers == 3, "they are of version 4, and the delegate reads 3"
    assert set(left) == {"TRANSPOSE_CONV", "SHAPE", "STRIDED_SLICE"}
    assert left.count("SHAPE") == layers + 1


def test_the_gpu_delegate_takes_our_files_but_for_what_is_told(folder):
    left = {
        precision: refused_by_gpu_delegate(model_of((folder / f"generator-{precision}.tflite").read_bytes()))
        for precision in ("fp32", "fp16", "dynamic", "int8")
    }
    assert left == {"fp32": ["CAST"], "fp16": ["CAST"], "dynamic": ["FULLY_CONNECTED", "CAST"], "int8": []}


@pytest.mark.parametrize(
    ("function", "shape", "expected"),
    [
        (lambda x: tf.cast(x, tf.int32), (1, 4), []),
        (lambda x: tf.cast(x, tf.uint8), (1, 4), ["CAST"]),
        (lambda x: tf.unique(x)[0], (4,), ["UNIQUE"]),
        (lambda x: x[::2] * 2.0, (4,), ["STRIDED_SLICE"]),
        (lambda x: x[:, ::2] * 2.0, (1, 4, 4, 1), []),
    ],
)
def test_the_gpu_delegate_reads_some_operators_for_some_types_only(function, shape, expected):
    assert refused_by_gpu_delegate(converted(function, *shape)) == expected


def test_an_accelerator_that_takes_the_whole_is_asked_once(folder, there):
    model = model_of((folder / "generator-fp16.tflite").read_bytes())
    count = len(model.subgraphs[0].operators)
    sizes = there()
    assert ask(model, "GPU") == Placement(count, {})
    assert sizes == [1, count]


def test_what_an_accelerator_leaves_is_counted_one_by_one(naive, there):
    there("TRANSPOSE_CONV", "SHAPE")
    count = len(naive.subgraphs[0].operators)
    assert ask(naive, "GPU") == Placement(count - 7, {"SHAPE": 4, "TRANSPOSE_CONV": 3})
    assert len(naive.subgraphs[0].operators) == count, "the model that was asked for is left as it was"


def test_weights_come_with_the_operators_that_read_them_from_float16(folder, there):
    there("CONV_2D")
    model = model_of((folder / "generator-fp16.tflite").read_bytes())
    names = [accelerators.name_of(model, op) for op in model.subgraphs[0].operators]
    found = ask(model, "GPU")
    assert found is not None
    assert found.left == {"CONV_2D": names.count("CONV_2D")}


def test_parts_that_work_without_the_whole_are_no_success(naive, monkeypatch):
    count = len(naive.subgraphs[0].operators)
    parts_only = lambda content, _: len(model_of(content).subgraphs[0].operators) < count  # noqa: E731
    monkeypatch.setattr(accelerators, "_compiles", parts_only)
    found = ask(naive, "GPU")
    assert found is not None
    assert (found.nodes, sum(found.left.values())) == (0, count)


def test_an_accelerator_that_is_not_there_takes_nothing(naive, there):
    there("TANH")
    assert ask(naive, "NPU") is None


def test_the_cpu_is_not_taken_for_an_npu(folder):
    """This machine has no NPU: LiteRT itself would draw with the CPU, and say nothing.

    None is the answer of a process in which `CompiledModel` has compiled for the CPU.
    """
    found = placements(folder / "generator-fp32.tflite")
    assert list(found) == ["XNNPACK", "GPU", "NPU", "GPU delegate"]
    assert found["NPU"] is None
    count = len(model_of((folder / "generator-fp32.tflite").read_bytes()).subgraphs[0].operators)
    assert found["XNNPACK"] == Placement(count - 1, {"CAST": 1})
    assert found["GPU delegate"] == Placement(count - 1, {"CAST": 1})


@pytest.fixture
def int8(folder):
    return folder / "generator-int8.tflite"


@pytest.fixture
def in_the_child(monkeypatch, tmp_path):
    """Return a function that has Python run a program whenever it starts, in other processes than this."""

    def make(program: str) -> None:
        (tmp_path / "sitecustomize.py").write_text(program)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return make


def test_without_compiled_model_nobody_could_be_asked(int8, in_the_child):
    in_the_child("import sys; sys.modules['ai_edge_litert.compiled_model'] = None")
    found = placements(int8)
    assert (found["GPU"], found["NPU"]) == (UNKNOWN, UNKNOWN)
    assert found["XNNPACK"].nodes > 1


def test_what_does_not_even_compile_for_the_cpu_is_no_answer(int8, in_the_child):
    in_the_child(
        "from ai_edge_litert.compiled_model import CompiledModel\n"
        "CompiledModel.is_fully_accelerated = lambda self: False"
    )
    assert placements(int8)["NPU"] == UNKNOWN


@pytest.mark.parametrize("program", ["import os; os.abort()", "print('no JSON')", "print('{}')", "pass"])
def test_a_driver_that_crashes_is_not_known_and_the_others_are_asked(int8, monkeypatch, program):
    run = subprocess.run

    def crashing(command, **how):
        return run([sys.executable, "-c", program] if command[-1] == "GPU" else command, **how)

    monkeypatch.setattr(subprocess, "run", crashing)
    found = placements(int8)
    assert (found["GPU"], found["NPU"]) == (UNKNOWN, None)


def test_no_python_file_of_the_current_folder_is_run(int8, monkeypatch, tmp_path):
    (tmp_path / "flatbuffers.py").write_text("import pathlib; pathlib.Path('was run').touch()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    assert placements(int8)["NPU"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["flatbuffers.py"]
