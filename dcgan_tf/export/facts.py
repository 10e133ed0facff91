"""What whoever has only the exported files must know of the generator in them."""

from __future__ import annotations

import os
import platform
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dcgan_tf import __version__
from dcgan_tf.runs.load import Run
from dcgan_tf.runs.paths import RunPaths, read_json


def facts_of(run: Run, *, name: str) -> dict[str, Any]:
    """Return the facts that go into dcgan.json, the page and export.json; only what JSON can hold.

    A conditional generator has `class_names`, no other has.

    Args:
        run: opened.
        name: of the export.
    """
    config = run.config
    data = read_json(RunPaths(run.path).data, default={})
    height, width = config.data.image_size
    return {
        "name": name,
        "latent_dim": config.model.latent_dim,
        "latent_distribution": config.model.latent_distribution,
        "image_shape": [height, width, config.data.channels],
        "image_dtype": "uint8",
        "image_range": [0, 255],
        "labels": data.get("label_names", []),
        "attributes": data.get("attribute_names", []),
        **({"class_names": list(run.class_names)} if run.class_names else {}),
        "data": data.get("name", config.data.spec),
        "num_images": data.get("num_images"),
        "architecture": config.model.architecture,
        "generator": run.weights,
        "precision": config.training.precision,
        "run": run.path.resolve().name,
        "step": run.step,
        "seed": config.training.seed,
        "dcgan_tf": __version__,
    }


def source_of(run: Run) -> str:
    """Return where the training images come from: portraits, digits, tfds or folder; no path of anybody's."""
    spec = run.config.data.spec
    if spec in ("portraits", "digits"):
        return spec
    return "tfds" if spec.startswith("tfds:") else "folder"


def training_command(run: Run) -> str | None:
    """Return the command line that trained the run, as it was typed; None if it was trained from Python.

    Of a run that was resumed it is the last one, which has the final length; from the start, it makes the
    same run.
    """
    starts = read_json(RunPaths(run.path).environment, default=[])
    if not starts or Path(starts[-1]["command"][0]).name not in ("dcgan-tf", "__main__.py"):
        return None
    return shlex.join(["dcgan-tf", *starts[-1]["command"][1:]])


def describe_machine() -> dict[str, Any]:
    """Return where figures were measured: processor, cores that may be used, versions of the runtimes."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return {
        "processor": _processor(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "ai-edge-litert")},
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
