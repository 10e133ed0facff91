"""A .tflite file as LiteRT sees it: what it draws, which operators it has, and which of them run where."""

from __future__ import annotations

import collections
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from dcgan_tf.errors import ExportError
from dcgan_tf.export.flatbuffer import minimum_runtime
from dcgan_tf.export.litert import FACTS_FILE
from dcgan_tf.quiet import STDERR, held_back

SIGNATURE = "serving_default"


class LiteRTFile:
    """A generator in a .tflite file, opened by LiteRT with its default delegate, XNNPACK.

    Args:
        path: of the file.
        threads: for one image.

    Raises:
        ExportError: if LiteRT cannot read the file, or it has not the signature that export gives it.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self.path = Path(path)
        try:
            # Bytes, not the path: the file may then be replaced or removed while it is open.
            self._content = self.path.read_bytes()
            self._interpreter = open_interpreter(self._content, threads=threads)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"LiteRT cannot read {self.path}: {error}") from None
        self._check_signature()

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw one image after the other.

        Args:
            latents: float32 [N, latent_dim].
            labels: the class of each, int32 [N], which a conditional generator needs and no other takes.

        Returns:
            [N, H, W, C]: uint8, or float32 in [-1, 1] if the file was exported with `--float-output`.
        """
        run = self._interpreter.get_signature_runner(SIGNATURE)
        inputs = {"z": np.asarray(latents, np.float32)}
        if labels is not None:
            inputs["label"] = np.asarray(labels, np.int32)
        return np.concatenate(
            [
                run(**{name: values[i : i + 1] for name, values in inputs.items()})["image"]
                for i in range(len(latents))
            ]
        )

    def operators(self) -> dict[str, int]:
        """Return how many there are of each operator, the most frequent first."""
        names = [op["op_name"] for op in self._operators() if op["op_name"] != "DELEGATE"]
        return dict(collections.Counter(names).most_common())

    def undelegated(self) -> list[str]:
        """Return the operators that XNNPACK does not take, which run on LiteRT's own kernels.

        What runs is found backwards from the output: where a tensor can come from the delegate, it does.
        """
        source = {tensor: op for op in self._operators() for tensor in op["outputs"]}
        found: dict[int, str] = {}
        waiting = [int(detail["index"]) for detail in self._interpreter.get_output_details()]
        while waiting:
            op = source.get(waiting.pop())
            if op is None or op["index"] in found:
                continue
            found[op["index"]] = op["op_name"]
            waiting += [int(tensor) for tensor in op["inputs"]]
        return sorted(name for name in found.values() if name != "DELEGATE")

    def minimum_runtime(self) -> str:
        """Return the oldest TensorFlow Lite that has all the operators; "unknown" if the file is silent."""
        return minimum_runtime(schema.ModelT.InitFromPackedBuf(self._content))

    def _operators(self) -> list[dict[str, Any]]:
        """Return LiteRT's list: the model's operators, and behind them the delegate's."""
        operators: list[dict[str, Any]] = self._interpreter._get_ops_details()
        return operators

    def _check_signature(self) -> None:
        found = self._interpreter.get_signature_list()
        signature = found.get(SIGNATURE, {"inputs": [], "outputs": []})
        if set(signature["inputs"]) - {"label"} != {"z"} or signature["outputs"] != ["image"]:
            raise ExportError(
                f"{self.path} is not a generator that dcgan-tf exported: expected a signature {SIGNATURE} "
                f"from z, or z and label, to image, found {found or 'none'}"
            )


def open_interpreter(content: bytes, *, threads: int) -> Interpreter:
    """Open any .tflite, ready to run.

    Raises:
        ValueError, RuntimeError: if LiteRT cannot.
    """
    with held_back(STDERR):
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
        return interpreter


def read_facts(path: Path) -> dict[str, Any]:
    """Return dcgan.json, which export appends to a .tflite; empty if it is not there."""
    try:
        with zipfile.ZipFile(path) as archive:
            facts = json.loads(archive.read(FACTS_FILE))
            return facts if isinstance(facts, dict) else {}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return {}
