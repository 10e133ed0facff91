"""The facts about a generator that are written into every exported file."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path, PureWindowsPath
from typing import Any

from dcgan_tf import __version__
from dcgan_tf.config import BUILT_IN_DATA, DATASETS
from dcgan_tf.export.formats.onnx_file import runtime_version
from dcgan_tf.export.record import checked_facts
from dcgan_tf.printable import printable
from dcgan_tf.runs import Run, RunPaths, read_json


def facts_of(run: Run, *, name: str) -> dict[str, Any]:
    """Return the facts for dcgan.json, the page and export.json, in types that JSON can hold.

    Only a conditional generator has `class_names`. Characters that control a terminal are escaped.

    Args:
        run: the opened run.
        name: name of the export.

    Raises:
        ExportError: if data.json is not as training writes it.
    """
    config = run.config
    data = read_json(RunPaths(run.path).data, default={})
    height, width = config.data.image_size
    facts = {
        "name": printable(name),
        "latent_dim": config.model.latent_dim,
        "latent_distribution": config.model.latent_distribution,
        "image_shape": [height, width, config.data.channels],
        "image_dtype": "uint8",
        "image_range": [0, 255],
        "labels": _printable(data.get("label_names", [])),
        "attributes": _printable(data.get("attribute_names", [])),
        **({"class_names": _printable(run.class_names)} if run.class_names else {}),
        "data": printable(_data_name(config.data.spec, data)),
        "num_images": data.get("num_images"),
        "architecture": config.model.architecture,
        "generator": run.weights,
        "precision": config.training.precision,
        "run": printable(run.path.resolve().name),
        "step": run.step,
        "seed": config.training.seed,
        "dcgan_tf": __version__,
    }
    return checked_facts(facts, source=f"what {RunPaths(run.path).data} says of the data")


def _data_name(spec: str, data: dict[str, Any]) -> str:
    """Return the name of the training images; on the Hugging Face Hub, their user belongs to it."""
    return spec.removeprefix("hf:") if spec.startswith("hf:") else data.get("name", _without_folders(spec))


def source_of(run: Run) -> str:
    """Return the source of the images, without a path: portraits, digits, tfds, hf or folder."""
    spec = run.config.data.spec
    if spec in BUILT_IN_DATA:
        return spec
    return spec.split(":")[0] if spec.startswith(DATASETS) else "folder"


def training_command(run: Run) -> str | None:
    """Return the command line that trained the run, or None if it was trained from Python.

    It is as it was typed, but with only the last name of each path. For a resumed run it is the last one,
    which has the final length; run from the start, it makes the same run.
    """
    starts = read_json(RunPaths(run.path).environment, default=[])
    last = starts[-1] if isinstance(starts, list) and starts else None
    words = last.get("command") if isinstance(last, dict) else None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        return None
    if PureWindowsPath(words[0]).name not in ("dcgan-tf", "dcgan-tf.exe", "__main__.py"):
        return None
    words = [*words[1:], *_init_from(RunPaths(run.path), words)]
    return shlex.join(["dcgan-tf", *(printable(_without_folders(word)) for word in words)])


def _init_from(paths: RunPaths, words: list[str]) -> list[str]:
    """Return the option that names what a run began with, if its last command has left it out."""
    origin = read_json(paths.origin, default=None)
    if not isinstance(origin, dict) or any(word.startswith("--init-from") for word in words):
        return []
    return ["--init-from", f"{origin.get('run')}@{origin.get('checkpoint')}"]


def _without_folders(word: str) -> str:
    """Return the last name of a path, also after `--option=`; other words stay as they are."""
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if not value or value.startswith(DATASETS):
        return word
    # Windows' rules also split at the slashes of other systems.
    return option + equals + (PureWindowsPath(value).name or value.strip("/\\") or "/")


def _printable(names: object) -> object:
    return [printable(name) for name in names] if isinstance(names, list | tuple) else names


def describe_machine(files: Iterable[str] = ()) -> dict[str, Any]:
    """Return the machine of a measurement: processor, available cores, versions of the runtimes.

    Args:
        files: names of what is measured; only with an .onnx file does ONNX Runtime belong to it.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return {
        "processor": _processor(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "ai-edge-litert")},
        **({"onnxruntime": runtime_version()} if any(name.endswith(".onnx") for name in files) else {}),
    }


def _processor() -> str:
    """Return the processor's name and the vector instructions on which 8-bit arithmetic depends."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    values = {name.strip(): value.strip() for name, value in fields.items()}
    flags = set(values.get("flags", values.get("Features", "")).split())
    extensions = [name for name in ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "asimddp") if name in flags]
    return (
        f"{values.get('model name', platform.machine())} ({', '.join(extensions) or 'no vector extensions'})"
    )
