"""Check the parts of a SavedModel before anything in it runs.

A SavedModel is a program: some of TensorFlow's operators read and write files. Whoever draws with it runs it.
Here its graph may have only the operators of this library's own SavedModels, which all just compute.
Operators that save and restore weights are in functions of their own. Nothing else in the graph may call
these, and this library never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from dcgan_tf.errors import ExportError

LARGEST_GRAPH = 1 << 26
"""The most bytes of a graph; the weights lie beside it, not in it."""
OPERATORS = frozenset(
    """
    Add AddV2 All Assert AssignVariableOp BiasAdd BroadcastTo Cast ConcatV2 Const Conv2D Conv2DBackpropInput
    DisableCopyOnRead Equal ExpandDims Fill FloorDiv FloorMod FusedBatchNormV3 Greater GreaterEqual Identity
    IdentityN LeakyRelu Less LessEqual LogicalAnd LogicalNot LogicalOr MatMul Maximum Mean Minimum Mul Neg
    NoOp OneHot Pack PartitionedCall Placeholder Pow Prod Range RealDiv ReadVariableOp Relu
    Reshape Round Rsqrt Select SelectV2 Shape Sigmoid Sqrt Square Squeeze StatefulPartitionedCall
    StatelessRandomGetKeyCounter StatelessRandomNormalV2 StatelessRandomUniformV2 StatelessWhile
    StaticRegexFullMatch StopGradient StridedSlice StringJoin Sub Sum Tanh TensorListFromTensor
    TensorListGetItem TensorListReserve TensorListSetItem TensorListStack Tile Transpose Unpack VarHandleOp
    While ZerosLike
    """.split()  # noqa: SIM905  # names to be read by people
)
"""The allowed operators, which only compute: those of this library's exports, and similar ones."""
OF_CHECKPOINTS = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename"})
_OBJECTS = frozenset({"bare_concrete_function", "function", "user_object", "variable"})
_USER_OBJECTS = frozenset({"_generic_user_object", "signature_map", "trackable_list_wrapper"})


def check_saved_model(path: Path) -> None:
    """Refuse a SavedModel that can do anything but compute.

    Args:
        path: the folder.

    Raises:
        ExportError: if it cannot be read, or has an operator or object that no export of this library has; it
            names them.
    """
    try:
        meta_graph = _meta_graph(path / "saved_model.pb")
        library = meta_graph.graph_def.library
        of_checkpoints = {
            function.signature.name
            for function in library.function
            if OF_CHECKPOINTS & {node.op for node in function.node_def}
        }
        # A function comes before the operator of its name: what calls the one runs the other.
        _refuse(
            "a function called like an operator",
            (OPERATORS | OF_CHECKPOINTS) & {function.signature.name for function in library.function},
        )
        _check_operators(meta_graph.graph_def.node, OPERATORS)
        for function in library.function:
            _check_operators(function.node_def, OPERATORS | OF_CHECKPOINTS)
            _refuse("a call that reads or writes files", of_checkpoints & set(_called(function.node_def)))
        _refuse("gradient", [gradient.function_name for gradient in library.gradient])
        _check_objects(meta_graph.object_graph_def, of_checkpoints)
        _refuse("asset", [asset.filename for asset in meta_graph.asset_file_def])
    except ExportError as error:
        raise ExportError(f"cannot read {path}: {error}") from None


def _meta_graph(file: Path) -> Any:
    if not file.is_file():
        raise ExportError(f"it has no {file.name}")
    if file.stat().st_size > LARGEST_GRAPH:
        raise ExportError(f"{file.name} has more than {LARGEST_GRAPH:,} bytes")
    try:
        graphs = saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs
    except DecodeError as error:
        raise ExportError(f"{file.name} is damaged ({error})") from None
    except OSError as error:
        raise ExportError(f"{file.name}: {error.strerror}") from None
    if len(graphs) != 1 or not graphs[0].HasField("object_graph_def"):
        raise ExportError(f"{file.name} was not exported by dcgan-tf, or is damaged")
    return graphs[0]


def _check_operators(nodes: Iterable[Any], allowed: frozenset[str]) -> None:
    _refuse("operator", {node.op for node in nodes} - allowed)


def _check_objects(graph: Any, of_checkpoints: set[str]) -> None:
    """Check that loading only makes objects of an export, which have no code of their own."""
    kinds = {node.WhichOneof("kind") or "none" for node in graph.nodes}
    made = {node.user_object.identifier for node in graph.nodes if node.HasField("user_object")}
    registered = {node.registered_name or node.registered_saver for node in graph.nodes}
    _refuse("object", kinds - _OBJECTS | made - _USER_OBJECTS | registered - {""})
    _refuse("way to save", {name for node in graph.nodes for name in node.saveable_objects})
    _refuse("a function that reads or writes files", of_checkpoints & set(graph.concrete_functions))


def _called(nodes: Iterable[Any]) -> Iterator[str]:
    """Yield the functions that operators call."""
    for node in nodes:
        for value in node.attr.values():
            if value.HasField("func"):
                yield value.func.name
            yield from (function.name for function in value.list.func)


def _refuse(what: str, names: Iterable[str]) -> None:
    if found := sorted(set(names)):
        raise ExportError(
            f"it contains something that no export of dcgan-tf contains ({what}: {', '.join(found[:8])}), "
            "which could do anything; it is not run. If it is your own, load it with tf.saved_model.load"
        )
