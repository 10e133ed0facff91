"""Measure every artefact of an export on this machine: size, difference from the run, time of an image."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.export.checks.accelerators import Placement, placements
from dcgan_tf.export.checks.difference import difference
from dcgan_tf.export.checks.latency import interleaved, median_milliseconds
from dcgan_tf.export.checks.reference import reference_inputs
from dcgan_tf.export.checks.verification import figures, verify_export
from dcgan_tf.export.facts import describe_machine
from dcgan_tf.export.folder import WITHOUT_TENSORFLOW, ExportPaths
from dcgan_tf.export.formats import keras_file
from dcgan_tf.export.formats.litert import convert_naively
from dcgan_tf.export.formats.litert_file import open_interpreter
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.formats.runtimes import load_saved_model
from dcgan_tf.export.record import Record, read_record
from dcgan_tf.models import with_labels
from dcgan_tf.runs import local_folder

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
        psnr_mean_db, psnr_worst_db (null for equal images), milliseconds {number of threads: median}}. A
        .tflite file also has "operators", their number, and "accelerators": for each, its "nodes" and what is
        "left" (`Placement`), null if it is not on this machine, or "unknown" if it could not be asked.
        "keras" has what Keras itself makes of model.keras, if the export has that file, with the same figures
        as an artefact.

    Raises:
        ExportError: if the folder is not an export, or something in it is wrong.
    """
    rounds = ROUNDS if rounds is None else rounds
    records = verify_export(folder)
    root, machine = local_folder(folder), describe_machine(records)
    every = str(machine["cores"])
    facts = read_record(ExportPaths(root))["model"]
    keras = _keras_ways(root, facts)
    contents = {name: (root / name).read_bytes() for name in records if name.endswith(WITHOUT_TENSORFLOW)}
    contents |= {way: found.pop("content") for way, found in keras.items()}
    times = median_milliseconds(contents, rounds=rounds, threads=sorted({1, int(every)}))
    calls = {name: call for name in records if (call := _drawing_one(root / name, facts))}
    times |= {name: {every: milliseconds} for name, milliseconds in interleaved(calls, rounds).items()}
    return {
        "export": str(root),
        "rounds": rounds,
        "machine": machine,
        "artefacts": {
            name: {**_figures(root / name, record), MILLISECONDS: times.get(name, {})}
            for name, record in records.items()
        },
        "keras": {way: {**found, MILLISECONDS: times[way]} for way, found in keras.items()},
    }


def _figures(artefact: Path, record: Record) -> Record:
    kept = {key: record[key] for key in ("bytes", "max_abs", "psnr_mean_db", "psnr_worst_db")}
    if artefact.suffix != ".tflite":
        return kept
    found = {
        name: vars(answer) if isinstance(answer, Placement) else answer
        for name, answer in placements(artefact).items()
    }
    return {**kept, "operators": sum(record["operators"].values()), "accelerators": found}


def _keras_ways(root: Path, facts: Record) -> dict[str, Record]:
    """Return what Keras itself makes of model.keras, with its content and its difference from that file."""
    path = ExportPaths(root).keras
    if not path.exists():
        return {}
    inputs = reference_inputs(facts)
    network, expected = keras_file.read(path), open_artefact(path)(*inputs)
    taken = np.asarray(_inputs_of_keras(inputs, facts))
    return {
        way: {
            "content": content,
            "bytes": len(content),
            **figures(difference(_drawn_naively(content, taken), expected)),
        }
        for way, content in convert_naively(network).items()
    }


def _inputs_of_keras(inputs: Sequence[Any], facts: Record) -> tf.Tensor:
    """Return what model.keras takes: latents, followed by the classes if there are any."""
    latents, labels = inputs if len(inputs) == 2 else (*inputs, None)
    return with_labels(latents, labels, len(facts.get("class_names", ())))


def _drawn_naively(content: bytes, latents: np.ndarray) -> np.ndarray:
    """Draw one image after the other with a .tflite file whose input and output have any names."""
    draw = open_interpreter(content, threads=2).get_signature_runner()
    (name,) = draw.get_input_details()
    return np.concatenate([next(iter(draw(**{name: latent[None]}).values())) for latent in latents])


def _drawing_one(artefact: Path, facts: Record) -> Callable[[], object] | None:
    """Return a call that draws one image as a program does, with TensorFlow or Keras; else None."""
    first = [tf.constant(array[:1]) for array in reference_inputs(facts)]
    if artefact.is_dir():
        loaded = load_saved_model(artefact)
        return lambda: np.asarray(loaded.serving_default(*first)["image"])  # which waits for the image
    if artefact.suffix != ".keras":
        return None
    network = keras_file.read(artefact)
    inputs = _inputs_of_keras(first, facts)
    return lambda: np.asarray(network(inputs, training=False))
