"""Open a .tflite file with LiteRT: draw with it, and list its operators and where they run."""

from __future__ import annotations

import collections
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from dcgan_tf.errors import ExportError
from dcgan_tf.export.folder import FACTS_FILE
from dcgan_tf.export.formats.flatbuffer import minimum_runtime
from dcgan_tf.export.formats.zip_file import open_zip, read_member
from dcgan_tf.export.record import checked_facts, parsed
from dcgan_tf.native_output import STDERR, held_back

SIGNATURE = "serving_default"


class LiteRTFile:
    """A generator in a .tflite file, opened by LiteRT with its default delegate, XNNPACK.

    Args:
        path: the file.
        threads: number of threads for one image.

    Raises:
        ExportError: if LiteRT cannot read the file, or it does not have an export's signature.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self.path = Path(path)
        # Bytes, not the path: the file may then be replaced or removed while it is open.
        self._content = _content(self.path)
        try:
            self._interpreter = open_interpreter(self._content, threads=threads)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"LiteRT cannot read {self.path}: {error}") from None
        self._check_signature()
        self._drawing = threading.Lock()

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw one image after the other; other threads wait, because LiteRT keeps one set of tensors.

        Args:
            latents: float32 [N, latent_dim].
            labels: the class of each, int32 [N]; required for a conditional generator, and only there.

        Returns:
            [N, H, W, C]: uint8, or float32 in [-1, 1] if the file was exported with `--float-output`.

        Raises:
            ExportError: if the file takes other latents or labels, or LiteRT cannot draw with it.
        """
        run = self._interpreter.get_signature_runner(SIGNATURE)
        inputs = {"z": np.asarray(latents, np.float32)}
        if labels is not None:
            inputs["label"] = np.asarray(labels, np.int32)
        if (taken := self._taken()) != (given := {name: (1, *v.shape[1:]) for name, v in inputs.items()}):
            raise ExportError(f"{self.path} takes {taken}, and its facts say {given}")
        try:
            with self._drawing:
                drawn = [
                    run(**{name: values[i : i + 1] for name, values in inputs.items()})["image"]
                    for i in range(len(latents))
                ]
            return np.concatenate(drawn)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"LiteRT cannot draw with {self.path}: {error}") from None

    def operators(self) -> dict[str, int]:
        """Return {operator: how often it occurs}, the most frequent first."""
        names = [op["op_name"] for op in self._operators() if op["op_name"] != "DELEGATE"]
        return dict(collections.Counter(names).most_common())

    def undelegated(self) -> list[str]:
        """Return the operators that XNNPACK does not take, which run on LiteRT's own kernels.

        The running operators are found backwards from the output: a tensor comes from the delegate if it can.
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
        """Return the oldest TensorFlow Lite that has all operators, or "unknown" if the file does not say."""
        return minimum_runtime(schema.ModelT.InitFromPackedBuf(self._content))

    def _operators(self) -> list[dict[str, Any]]:
        """Return LiteRT's list: the model's operators, followed by the delegate's."""
        operators: list[dict[str, Any]] = self._interpreter._get_ops_details()
        return operators

    def _taken(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each input, because LiteRT would try to adapt it to any value."""
        details = self._interpreter.get_signature_runner(SIGNATURE).get_input_details()
        return {name: tuple(map(int, detail["shape"])) for name, detail in details.items()}

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
    """Return dcgan.json, which export appends to a .tflite, after a check that the model is undamaged.

    Raises:
        ExportError: if it is missing, is not as export writes it, or the model has been changed.
    """
    with open_zip(path) as archive:
        facts = parsed(read_member(archive, FACTS_FILE), source=f"{FACTS_FILE} in {path}")
        start = min(member.header_offset for member in archive.infolist())
    facts = checked_facts(facts, source=f"{FACTS_FILE} in {path}")
    # Exports of version 0.1 did not have it.
    if "sha256" in facts and facts.pop("sha256") != hashlib.sha256(_content(path)[:start]).hexdigest():
        raise ExportError(f"cannot read {path}: it is damaged: its SHA-256 differs from the recorded one")
    return facts


def _content(path: Path) -> bytes:
    """Read a whole .tflite; the format ends at 2 GiB."""
    try:
        if not path.is_file() or path.stat().st_size >= 1 << 31:
            raise ExportError(f"cannot read {path}: it is not a file of less than 2 GiB")
        return path.read_bytes()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
