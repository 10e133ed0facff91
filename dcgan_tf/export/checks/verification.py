"""Verify every artefact: compare what its runtime draws with the trained generator."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ExportError
from dcgan_tf.export.checks.bounds import BOUNDS
from dcgan_tf.export.checks.difference import Difference, difference
from dcgan_tf.export.checks.reference import SEED, read_reference, reference_inputs
from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.export.formats.litert_file import LiteRTFile
from dcgan_tf.export.formats.onnx_file import MINIMUM_RUNTIME, OnnxFile
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.formats.runtimes import REFERENCE_DEVICE, foreign_errors, load_saved_model
from dcgan_tf.export.placing import refuse_interrupted
from dcgan_tf.export.record import Record, damaged_files, files_of, listed, other_files, read_record
from dcgan_tf.runs import local_folder

_log = logging.getLogger("dcgan_tf")

SLOW_OPERATORS = frozenset({"TRANSPOSE_CONV", "SHAPE", "PACK"})
"""Transposed convolutions, and operators that compute their output shapes at run time; we avoid both."""
HEAVY_OPERATORS = frozenset({"CONV_2D", "FULLY_CONNECTED"})
"""The operators with almost all arithmetic; they take many times as long outside XNNPACK."""

TRAINED = ("saved_model", "model.keras")
"""The artefacts that have the trained weights unchanged."""


def check(artefact: Path, inputs: Sequence[np.ndarray], expected: np.ndarray) -> tuple[Record, list[str]]:
    """Draw with an artefact, and compare the images with the expected ones.

    Args:
        artefact: the file, or the folder of a SavedModel.
        inputs: the inputs of the reference: latents float32 [N, latent_dim], and labels int32 [N] for a
            conditional generator.
        expected: the trained generator's images for them, [N, H, W, C], uint8 or float in [-1, 1].

    Returns:
        The figures for export.json, and a sentence for everything that is wrong.

    Raises:
        ExportError: if its runtime cannot read it.
    """
    record, problems, _ = _drawn_and_checked(artefact, inputs, expected)
    return record, problems


def verify_export(folder: str | os.PathLike[str]) -> dict[str, Record]:
    """Verify an export from its files alone.

    Every file must be the one that was exported (SHA-256), and every artefact draws again. The SavedModel, or
    else model.keras, has the trained weights: its images are compared with samples.png. The images of all
    others are compared with its images, which are not rounded to 8 bits. Without either, all are compared
    with samples.png. A warning names files that export did not write; hidden files are ignored.

    Args:
        folder: the folder that `export_run` wrote.

    Returns:
        {artefact: its figures, measured now}.

    Raises:
        ArgumentError: if the path cannot be a folder on this computer.
        ExportError: if the folder is not an export, or something in it is wrong; it names everything.
    """
    paths = ExportPaths(local_folder(folder))
    folder = paths.root
    refuse_interrupted(folder)
    exported = read_record(paths)
    shown = [name for name in other_files(folder, exported["files"]) if not re.search(r"(^|/)\.", name)]
    if shown:
        _log.warning("not part of the export, and not verified: %s", ", ".join(shown))
    problems = damaged_files(folder, exported["files"])
    if problems:
        raise ExportError(listed(f"{folder} is not as it was exported", problems))
    inputs = reference_inputs(exported["model"])
    expected = read_reference(paths.samples, exported["model"]["image_shape"])
    records: dict[str, Record] = {}
    names = sorted(exported["artefacts"], key=lambda name: name not in TRAINED)
    for name in names:
        records[name], reasons, drawn = _drawn_and_checked(folder / name, inputs, expected)
        problems += [f"{name}: {reason}" for reason in reasons]
        if name == names[0] and name in TRAINED:
            expected = drawn
    if problems:
        raise ExportError(listed(f"{folder} does not draw what was trained", problems))
    return {name: records[name] for name in exported["artefacts"]}


def _drawn_and_checked(
    artefact: Path, inputs: Sequence[np.ndarray], expected: np.ndarray
) -> tuple[Record, list[str], np.ndarray]:
    """Do as `check`, and return the images too; a SavedModel, the slowest to load, is loaded once."""
    model = load_saved_model(artefact) if artefact.is_dir() else None
    drawn = open_artefact(artefact, image_shape=expected.shape[1:], saved_model=model)(*inputs)
    found = difference(drawn, expected)
    record = {"bytes": sum(file.stat().st_size for file in files_of(artefact)), **figures(found)}
    problems = BOUNDS[artefact.name].broken_by(found)
    if model is not None:
        problems += _check_signatures(artefact, model, inputs, expected)
    if artefact.suffix == ".tflite":
        operators, reasons = _check_operators(LiteRTFile(artefact))
        record |= operators
        problems += reasons
    if artefact.suffix == ".onnx":
        record |= {"operators": OnnxFile(artefact).operators(), "minimum_runtime": MINIMUM_RUNTIME}
    return record, problems, drawn


def _check_signatures(
    path: Path, model: Any, inputs: Sequence[np.ndarray], expected: np.ndarray
) -> list[str]:
    """Check the two signatures of a loaded SavedModel that give bytes."""
    with tf.device(REFERENCE_DEVICE), foreign_errors(path):
        served, sampled = model.serving_default(*inputs), model.sample(SEED, len(expected))
        shapes = [served["image"].shape, sampled["image"].shape]
    if any(shape != expected.shape for shape in shapes):
        return [f"serving_default and sample give {shapes}"]
    problems = [
        f"{name}: {reason}"
        for name, drawn in (("serving_default", served), ("sample", sampled))
        for reason in BOUNDS[path.name].broken_by(difference(drawn["image"].numpy(), expected))
    ]
    drawn_from = [sampled[name].numpy() for name in ("z", "label") if name in sampled]
    if len(drawn_from) != len(inputs) or not all(map(np.array_equal, drawn_from, inputs)):
        problems.append("sample: its latents, or its classes, are not those of its seed")
    return problems


def _check_operators(file: LiteRTFile) -> tuple[Record, list[str]]:
    operators, undelegated = file.operators(), file.undelegated()
    problems = [f"it has the operator {name}" for name in sorted(SLOW_OPERATORS & operators.keys())]
    problems += [f"XNNPACK does not take its {name}" for name in sorted(HEAVY_OPERATORS & set(undelegated))]
    record = {
        "operators": operators,
        "not_delegated": undelegated,
        "minimum_runtime": file.minimum_runtime(),
    }
    return record, problems


def figures(found: Difference) -> Record:
    """Return the figures for JSON, which has no infinity: equal images have no PSNR."""
    return {
        "max_abs": found.max_abs,
        "psnr_mean_db": found.psnr_mean if math.isfinite(found.psnr_mean) else None,
        "psnr_worst_db": found.psnr_worst if math.isfinite(found.psnr_worst) else None,
    }
