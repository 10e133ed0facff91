"""Measure every artefact of an export on this machine: size, difference from the run, time of an image."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.export.checks.latency import interleaved, median_milliseconds
from dcgan_tf.export.checks.reference import reference_inputs
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.facts import describe_machine
from dcgan_tf.export.folder import WITHOUT_TENSORFLOW, ExportPaths
from dcgan_tf.export.formats import keras_file
from dcgan_tf.export.formats.runtimes import load_saved_model
from dcgan_tf.export.record import Record, read_record
from dcgan_tf.models import with_labels

ROUNDS = 50
MILLISECONDS = "milliseconds"


def benchmark_export(folder: str | os.PathLike[str], *, rounds: int | None = None) -> dict[str, Any]:
    """Measure an export on this machine, after `verify_export`.

    The .tflite and .onnx files are timed with one thread and with all. TensorFlow and Keras take all threads,
    on the CPU. A page is drawn by a browser, and not timed.

    Args:
        folder: the folder that `export_run` wrote.
        rounds: number of images over which the median is taken, 50 by default. Files that are timed in the
            same way take turns.

    Returns:
        "export", "rounds", "machine" (`describe_machine`), and "artefacts": {name: bytes, max_abs,
        psnr_mean_db, psnr_worst_db (null for equal images), milliseconds {number of threads: median}}.

    Raises:
        ExportError: if the folder is not an export, or something in it is wrong.
    """
    rounds = ROUNDS if rounds is None else rounds
    records = verify_export(folder)
    root, machine = Path(folder), describe_machine()
    every = str(machine["cores"])
    times = _file_times(root, records, sorted({1, int(every)}), rounds)
    facts = read_record(ExportPaths(root))["model"]
    calls = {name: call for name in records if (call := _drawing_one(root / name, facts))}
    times |= {name: {every: milliseconds} for name, milliseconds in interleaved(calls, rounds).items()}
    kept = ("bytes", "max_abs", "psnr_mean_db", "psnr_worst_db")
    return {
        "export": str(root),
        "rounds": rounds,
        "machine": machine,
        "artefacts": {
            name: {**{key: record[key] for key in kept}, MILLISECONDS: times.get(name, {})}
            for name, record in records.items()
        },
    }


def _drawing_one(artefact: Path, facts: Record) -> Callable[[], object] | None:
    """Return a call that draws one image as a program does, with TensorFlow or Keras; else None."""
    first = [tf.constant(array[:1]) for array in reference_inputs(facts)]
    if artefact.is_dir():
        loaded = load_saved_model(artefact)
        return lambda: np.asarray(loaded.serving_default(*first)["image"])  # which waits for the image
    if artefact.suffix != ".keras":
        return None
    network = keras_file.read(artefact)
    latents, labels = first if len(first) == 2 else (*first, None)
    inputs = with_labels(latents, labels, len(facts.get("class_names", ())))
    return lambda: np.asarray(network(inputs, training=False))


def _file_times(
    root: Path, records: Mapping[str, Record], threads: list[int], rounds: int
) -> dict[str, dict[str, float]]:
    contents = {name: (root / name).read_bytes() for name in records if name.endswith(WITHOUT_TENSORFLOW)}
    return median_milliseconds(contents, rounds=rounds, threads=threads)
