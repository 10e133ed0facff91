"""How many operators of a .tflite file each accelerator would compute; the CPU's help is never counted.

LiteRT gives the CPU whatever an accelerator does not take, without a word. So a file is compiled here for
the accelerator alone. If that fails, each operator is, as a model of its own. Each one is asked in another
process, because this loads the drivers of the machine, which may crash.

Phones have other drivers than the machine that exports. Without a phone, `GPU_DELEGATE` says what TensorFlow
Lite's GPU delegate refuses.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from dcgan_tf.export.formats.flatbuffer import FILE_IDENTIFIER
from dcgan_tf.export.formats.litert_file import LiteRTFile

XNNPACK, GPU_DELEGATE_NAME = "XNNPACK", "GPU delegate"
ACCELERATORS = ("GPU", "NPU")
"""The accelerators of LiteRT's CompiledModel beside the CPU."""
UNKNOWN: Literal["unknown"] = "unknown"
"""Stands for the answer of an accelerator that could not be asked."""
SECONDS = 300
"""How long an accelerator of the machine may take for one file."""
_ROOT = Path(__file__).parents[3]

GPU_DELEGATE: Mapping[str, int | None] = {
    "ADD": 2,
    "CAST": None,
    "CONCATENATION": 2,
    "CONV_2D": 6,
    "DEPTH_TO_SPACE": None,
    "DEQUANTIZE": 3,
    "FULLY_CONNECTED": 9,
    "GATHER": 1,
    "MUL": 3,
    "PACK": None,
    "PAD": 2,
    "QUANTIZE": 2,
    "RELU": None,
    "RESHAPE": 1,
    "STRIDED_SLICE": 4,
    "TANH": None,
    "TRANSPOSE_CONV": 3,
}
"""The operators of a generator's conversions that TensorFlow Lite's GPU delegate reads, to which version.

From LiteRT's sources, tflite/delegates/gpu/common/model_builder.cc (versions) and
tflite/tools/versioning/gpu_compatibility.cc (types). TensorFlow's own Analyzer would say the same from the
second of these, but that of TensorFlow 2.21 finds every operator compatible.
"""
_OPERATORS = {
    number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)
}
_CAST_TYPES = frozenset({schema.TensorType.FLOAT32, schema.TensorType.INT32})


@dataclass(frozen=True)
class Placement:
    """What an accelerator would take.

    Attributes:
        nodes: the number of operators that it computes.
        left: the others, which the CPU's slower kernels would have to compute: {operator: how often}.
    """

    nodes: int
    left: dict[str, int]

    @staticmethod
    def without(left: Sequence[str], *, of: int) -> Placement:
        """Return the placement of a graph of so many operators, of which these are left."""
        return Placement(of - len(left), dict(sorted(Counter(left).items())))


Answer = Placement | Literal["unknown"] | None


def placements(path: Path) -> dict[str, Answer]:
    """Return what each accelerator would take of a .tflite file.

    Args:
        path: a file that `LiteRTFile` opens.

    Returns:
        {"XNNPACK", "GPU", "NPU", "GPU delegate": placement}. The first three are asked, on this machine. The
        last is read from `GPU_DELEGATE`. None stands for an accelerator that is not on this machine. UNKNOWN
        stands for one that could not be asked, such as one whose driver crashes.

    Raises:
        ExportError: if it is not an exported generator.
    """
    file = LiteRTFile(path)
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    count = len(model.subgraphs[0].operators)
    return {
        XNNPACK: Placement.without(file.undelegated(), of=count),
        **{name: _asked(path, name) for name in ACCELERATORS},
        GPU_DELEGATE_NAME: Placement.without(refused_by_gpu_delegate(model), of=count),
    }


def refused_by_gpu_delegate(model: schema.ModelT) -> list[str]:
    """Return the names of the operators that TensorFlow Lite's GPU delegate refuses, in the graph's order."""
    graph = model.subgraphs[0]
    return [
        name_of(model, operator)
        for operator in graph.operators
        if not _gpu_delegate_takes(model, operator, [graph.tensors[i] for i in operator.inputs if i >= 0])
    ]


def name_of(model: schema.ModelT, operator: schema.OperatorT) -> str:
    """Return the name of an operator, such as CONV_2D."""
    code = model.operatorCodes[operator.opcodeIndex]
    return str(_OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)])


def _gpu_delegate_takes(
    model: schema.ModelT, operator: schema.OperatorT, inputs: Sequence[schema.TensorT]
) -> bool:
    name, version = name_of(model, operator), model.operatorCodes[operator.opcodeIndex].version
    if name not in GPU_DELEGATE or version > (GPU_DELEGATE[name] or version):
        return False
    if name == "CAST":
        output = model.subgraphs[0].tensors[operator.outputs[0]]
        return {inputs[0].type, output.type} <= _CAST_TYPES
    if name == "GATHER":
        return inputs[1].type == schema.TensorType.INT32 and len(inputs[1].shape) == 1
    if name == "DEQUANTIZE":
        return bool(inputs[0].type != schema.TensorType.INT16)
    return name != "STRIDED_SLICE" or len(inputs[0].shape) in (3, 4)


def _asked(path: Path, accelerator: str) -> Answer:
    """Ask an accelerator of this machine, in another process, which runs no file of the current folder."""
    command = [sys.executable, "-P", "-m", __name__, str(path.resolve()), accelerator]
    folders = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
        return None if found is None else Placement(**found)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError):
        return UNKNOWN


def ask(model: schema.ModelT, accelerator: str) -> Placement | None:
    """Compile for an accelerator alone; None if it does not even take a tanh.

    Args:
        model: a .tflite.
        accelerator: one of ACCELERATORS.
    """
    if not _compiles(_one_tanh(), accelerator):
        return None
    operators = model.subgraphs[0].operators
    if _compiles(_packed(model), accelerator):
        return Placement(len(operators), {})
    left = [
        name_of(model, operator)
        for operator in operators
        if not _compiles(_packed(_alone(model, operator)), accelerator)
    ]
    # All its parts, but not the whole: then nothing is known to run, and nothing is claimed.
    return Placement.without(left or [name_of(model, operator) for operator in operators], of=len(operators))


def _compiles(content: bytes, accelerator: str) -> bool:
    """Return whether an accelerator takes a whole model; LiteRT may not use the CPU for a part of it."""
    from ai_edge_litert.compiled_model import CompiledModel, HardwareAccelerator

    try:
        compiled = CompiledModel.from_buffer(content, hardware_accel=HardwareAccelerator[accelerator])
        return bool(compiled.is_fully_accelerated())
    except RuntimeError:
        return False


def _alone(model: schema.ModelT, operator: schema.OperatorT) -> schema.ModelT:
    """Return a model of one operator, with those that compute its weights from constants."""
    alone, graph = copy.copy(model), copy.copy(model.subgraphs[0])
    alone.subgraphs, alone.signatureDefs = [graph], []
    constant = {i for i, tensor in enumerate(graph.tensors) if model.buffers[tensor.buffer].data is not None}
    made = {op.outputs[0]: op for op in graph.operators if set(op.inputs) <= constant}
    before = [made[tensor] for tensor in operator.inputs if tensor in made]
    graph.operators = [*before, operator] if operator not in before else before
    graph.inputs = [i for i in operator.inputs if i >= 0 and i not in constant and i not in made]
    graph.outputs = list(operator.outputs)
    return alone


def _one_tanh() -> bytes:
    model, graph, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT()
    operator = schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TANH
    code.version = 1
    operator.inputs, operator.outputs = [0], [1]
    graph.tensors = [_tensor("x"), _tensor("y")]
    graph.inputs, graph.outputs, graph.operators = [0], [1], [operator]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT()]
    return _packed(model)


def _tensor(name: str) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = name.encode(), [1, 4], schema.TensorType.FLOAT32
    return tensor


def _packed(model: schema.ModelT) -> bytes:
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


def _main(path: str, accelerator: str) -> None:
    """Print the answer of an accelerator; fail if LiteRT cannot compile for the CPU either."""
    if not _compiles(_one_tanh(), "CPU"):
        sys.exit("LiteRT's CompiledModel does not work here: it does not compile a tanh for the CPU")
    found = ask(schema.ModelT.InitFromPackedBuf(Path(path).read_bytes()), accelerator)
    sys.stdout.write(json.dumps(vars(found) if found else None))


if __name__ == "__main__":
    _main(*sys.argv[1:])
