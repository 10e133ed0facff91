"""Open an .onnx file with ONNX Runtime, after a check that it has nothing but a generator's operators.

`onnx` and `onnxruntime` are no requirements of this library: they are imported where they are used.
"""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dcgan_tf.errors import ExportError, first_line, stop_behind
from dcgan_tf.export.folder import FACTS_FILE
from dcgan_tf.export.record import checked_facts, parsed

if TYPE_CHECKING:
    import onnx
    import onnxruntime

LARGEST = 1 << 31
"""The bytes at which the format ends."""
OPERATORS = {
    "Add": (),
    "Cast": ("to",),
    "ConvTranspose": ("pads", "strides"),
    "Gather": (),
    "Gemm": (),
    "Mul": (),
    "Relu": (),
    "Reshape": (),
    "Tanh": (),
    "Transpose": ("perm",),
}
"""The operators of an export, each with its attributes."""
MINIMUM_RUNTIME = "1.3"
"""The first ONNX Runtime with the operator set of `onnx_graph`."""
BATCH_SIZE = 64


class OnnxFile:
    """A generator in an .onnx file, opened by ONNX Runtime on the CPU.

    Args:
        path: the file.
        threads: number of threads for one batch.

    Raises:
        ExportError: if ONNX Runtime is not installed or cannot read the file, or the file has anything that
            no export has.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self.path = path
        content, self._model = _checked(path)
        with _runtime_errors(f"ONNX Runtime cannot read {path}"):
            self._session = open_session(content, threads=threads)

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw images.

        Args:
            latents: float32 [N, latent_dim].
            labels: the class of each, int32 [N]; required for a conditional generator, and only there.

        Returns:
            [N, H, W, C]: uint8, or float32 in [-1, 1] if the file was exported with `--float-output`.

        Raises:
            ExportError: if the file takes other latents or labels, or ONNX Runtime cannot draw with it.
        """
        inputs = {"z": np.asarray(latents, np.float32)}
        if labels is not None:
            inputs["label"] = np.asarray(labels, np.int32)
        taken = {entry.name: tuple(entry.shape[1:]) for entry in self._session.get_inputs()}
        if taken != (given := {name: values.shape[1:] for name, values in inputs.items()}):
            raise ExportError(f"{self.path} takes {taken} for each image, and its facts say {given}")
        with _runtime_errors(f"ONNX Runtime cannot draw with {self.path}"):
            drawn = [
                self._session.run(["image"], {name: v[i : i + BATCH_SIZE] for name, v in inputs.items()})[0]
                for i in range(0, len(latents), BATCH_SIZE)
            ]
        return np.concatenate(drawn)

    def operators(self) -> dict[str, int]:
        """Return {operator: how often it occurs}, the most frequent first."""
        return dict(collections.Counter(node.op_type for node in self._model.graph.node).most_common())


def refuse_without_packages() -> None:
    """Refuse to go on without the packages that .onnx files need.

    Raises:
        ExportError: if one is missing; it says what to install.
    """
    if missing := [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]:
        raise ExportError(
            "expected the packages onnx and onnxruntime, without which no .onnx file is written or opened; "
            f"{' and '.join(missing)} cannot be found: pip install onnx onnxruntime"
        )


def runtime_version() -> str:
    """Return the version of ONNX Runtime, whose package has several names."""
    import onnxruntime

    return str(onnxruntime.__version__)


def open_session(content: bytes, *, threads: int) -> onnxruntime.InferenceSession:
    """Open any .onnx on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors are raised, too
    # Threads that wait in a loop take the processor from what else is timed, or drawn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def read_facts(path: Path) -> dict[str, Any]:
    """Return dcgan.json, which export writes into an .onnx file, after a check that the graph is undamaged.

    Raises:
        ExportError: if it is missing, is not as export writes it, or the graph has been changed.
    """
    _, model = _checked(path)
    found = {entry.key: entry.value for entry in model.metadata_props}
    if FACTS_FILE not in found:
        raise ExportError(
            f"cannot read {path}: it was not written by dcgan-tf export: it has no {FACTS_FILE}"
        )
    source = f"{FACTS_FILE} in {path}"
    facts = checked_facts(parsed(found[FACTS_FILE].encode(), source=source), source=source)
    if facts.pop("sha256", None) != digest_of(model):
        raise ExportError(f"cannot read {path}: it is damaged: its SHA-256 differs from the recorded one")
    return facts


def digest_of(model: onnx.ModelProto) -> str:
    """Return the SHA-256 of a model's graph, with its weights and without its metadata, hexadecimal."""
    return hashlib.sha256(model.graph.SerializeToString(deterministic=True)).hexdigest()


def _checked(path: Path) -> tuple[bytes, onnx.ModelProto]:
    """Return the content of a file and what it says, after a check that it can only compute.

    A file may name others, from which a runtime reads weights, and libraries with operators of their own.
    """
    refuse_without_packages()
    import onnx

    content = _content(path)
    try:
        model = onnx.ModelProto.FromString(content)
        _check(model)
        onnx.checker.check_model(model)
    except ExportError as error:
        raise ExportError(f"cannot read {path}: {error}") from None
    except Exception as error:  # protobuf's and the checker's own, of several kinds
        if stop := stop_behind(error):
            raise stop from None
        reason = first_line(error)
        raise ExportError(f"cannot read {path}: it is not an ONNX file, or damaged ({reason})") from None
    return content, model


def _check(model: onnx.ModelProto) -> None:
    """Refuse a model that has anything else than an export's operators and weights."""
    graph = model.graph
    _refuse("function", {function.name for function in model.functions})
    _refuse("training", {"training_info"} if model.training_info else ())
    domains = {entry.domain for entry in [*model.opset_import, *graph.node]}
    _refuse("a set of operators", domains - {""})
    _refuse("operator", {node.op_type for node in graph.node} - OPERATORS.keys())
    for node in graph.node:
        names = {attribute.name for attribute in node.attribute}
        _refuse(f"attribute of {node.op_type}", names - set(OPERATORS[node.op_type]))
    _refuse("sparse weights", {weights.values.name for weights in graph.sparse_initializer})
    _refuse("weights in another file", _outside(graph.initializer))
    given, made = {entry.name for entry in graph.input}, {entry.name for entry in graph.output}
    if given - {"label"} != {"z"} or made != {"image"}:
        raise ExportError(
            "it is not a generator that dcgan-tf exported: expected z, or z and label, to image, found "
            f"{_listed(given)} to {_listed(made)}"
        )


def _outside(weights: Iterable[onnx.TensorProto]) -> set[str]:
    """Return the names of weights that are not in the file itself."""
    return {w.name for w in weights if w.external_data or w.data_location != w.DEFAULT}


def _refuse(what: str, names: Iterable[str]) -> None:
    if found := sorted(names):
        raise ExportError(
            f"it contains something that no export of dcgan-tf contains ({what}: {_listed(found[:8])}); it "
            "is not run"
        )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _content(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size >= LARGEST:
            raise ExportError(f"cannot read {path}: it is not a file of less than 2 GiB")
        return path.read_bytes()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None


@contextmanager
def _runtime_errors(what: str) -> Iterator[None]:
    """Turn ONNX Runtime's errors within the block, which have no common class, into an ExportError."""
    try:
        yield
    except Exception as error:
        if stop := stop_behind(error):
            raise stop from None
        raise ExportError(f"{what}: {first_line(error)}") from None
