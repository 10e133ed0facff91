"""Export a run to a folder of files that run elsewhere; the folder appears only once it is verified."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ArgumentError, ExportError, StorageError
from dcgan_tf.export import card
from dcgan_tf.export.checks.latency import THREADS, median_milliseconds
from dcgan_tf.export.checks.reference import reference_inputs, write_reference
from dcgan_tf.export.checks.verification import check
from dcgan_tf.export.evaluated import evaluated
from dcgan_tf.export.facts import describe_machine, facts_of, source_of, training_command
from dcgan_tf.export.folder import FORMATS, PRECISIONS, WITHOUT_TENSORFLOW, ExportPaths
from dcgan_tf.export.formats import keras_file, litert, onnx_file, saved_model
from dcgan_tf.export.formats.runtimes import drawing_with
from dcgan_tf.export.network.folding import FoldedGenerator, fold
from dcgan_tf.export.placing import place_of, written_aside
from dcgan_tf.export.record import Record, digest, files_of, listed
from dcgan_tf.export.web import page as web
from dcgan_tf.export.web.first_samples import first_samples
from dcgan_tf.export.web.page_adjustments import page_adjustments
from dcgan_tf.export.web.real_images import real_images
from dcgan_tf.files import storage_error, storage_errors, write_text
from dcgan_tf.latents import sample_latents
from dcgan_tf.runs import Run, check_opened, write_json

CALIBRATION_LATENTS, CALIBRATION_STEP = 128, -2
"""The number of calibration latents for int8, and their "step", which neither training nor samples use."""

_FULL = ("No space left", "Disk quota exceeded", "File too large")
_log = logging.getLogger("dcgan_tf")


def export_run(
    run: Run,
    *,
    to: str | os.PathLike[str] | None = None,
    formats: Sequence[str] = ("saved_model", "tflite", "web"),
    precisions: Sequence[str] = PRECISIONS,
    float_output: bool = False,
    force: bool = False,
) -> Path:
    """Export the generator of a run, and verify what was written.

    Args:
        run: the opened run. Its generator is exported as it draws samples: the averaged one, in inference
            mode.
        to: the folder; saved_models/NAME of the run by default.
        formats: some of saved_model, tflite, web, keras, onnx.
        precisions: precisions of the .tflite files: some of fp32, fp16, dynamic, int8.
        float_output: whether .tflite and .onnx files give float32 in [-1, 1] instead of uint8.
        force: whether to replace an earlier export in that folder.

    Returns:
        The folder, with the artefacts, samples.png, export.json and MODEL_CARD.md.

    Raises:
        ArgumentError: for a path in place of an opened run, an unknown format or precision, or an address
            such as gs://bucket/export.
        ExportError: if the folder exists or lies among the run's images, an artefact draws other images than
            the run's generator, or .onnx is wanted without its packages. Then nothing is left behind.
    """
    formats = _checked("format", formats, FORMATS)
    precisions = _checked("precision", precisions, PRECISIONS)
    if "onnx" in formats:
        onnx_file.refuse_without_packages()
    _refuse_run(run)
    target = place_of(run.path, to=to)
    _refuse_place(run, target)
    with written_aside(target, force=force) as folder, _storage_errors(target, folder):
        which = f", the {run.standing}," if run.standing else ""
        _log.info("exporting step %s%s of %s", f"{run.step:,}", which, run.path)
        paths = ExportPaths(folder)
        folded = fold(run.generator, num_classes=len(run.class_names))
        export = _Export(run, folded, facts_of(run, name=target.name), float_output)
        artefacts = paths.artefacts(formats, precisions)
        records = _write_artefacts(export, paths, artefacts)
        record = {
            "model": export.facts,
            "images_from": source_of(run),
            "checkpoint": run.standing,
            "trained_by": training_command(run),
            "float_output": float_output,
            "measured_on": describe_machine(records),
            **({"evaluated": found} if (found := evaluated(run)) else {}),
            "naive": _add_latencies(export, folder, records),
            "artefacts": records,
        }
        write_text(paths.card, card.model_card(record, folder=target))
        record["files"] = {file.relative_to(folder).as_posix(): digest(file) for file in files_of(folder)}
        write_json(paths.record, record)
    return target


@dataclass(frozen=True)
class _Export:
    """What is exported."""

    run: Run
    folded: FoldedGenerator
    facts: dict[str, Any]
    float_output: bool

    def write(self, artefact: Path) -> None:
        """Write one artefact, by the name of its file."""
        artefact.parent.mkdir(parents=True, exist_ok=True)
        writers: Mapping[str, Callable[[Path], None]] = {
            "": self._write_saved_model,
            ".keras": lambda path: keras_file.write(path, self.run.generator),
            ".html": self._write_page,
            ".tflite": self._write_tflite,
            ".onnx": self._write_onnx,
        }
        writers[artefact.suffix](artefact)

    def _write_saved_model(self, path: Path) -> None:
        model = self.run.config.model
        saved_model.write(path, self.run.generator, model, self.facts, num_classes=self.folded.num_classes)

    def _write_page(self, path: Path) -> None:
        adjustments, missing = page_adjustments(self.run, self.folded)
        for remark in missing:
            _log.info("%s", remark)
        web.write_page(
            path,
            self.folded,
            self.facts,
            first_samples=first_samples(self.run),
            adjustments=adjustments,
            real_images=real_images(self.run),
        )

    def _write_tflite(self, path: Path) -> None:
        model = self.run.config.model
        calibration = sample_latents(
            max(CALIBRATION_LATENTS, self.folded.num_classes),
            model.latent_dim,
            seed=self.run.config.training.seed,
            step=CALIBRATION_STEP,
            distribution=model.latent_distribution,
        )
        content = litert.convert(
            self.folded,
            path.stem.removeprefix("generator-"),
            calibration=np.asarray(calibration),
            float_output=self.float_output,
        )
        path.write_bytes(content)
        litert.append_files(path, self._facts_of_file(), self.facts["labels"])

    def _write_onnx(self, path: Path) -> None:
        from dcgan_tf.export.formats import onnx_graph

        facts = self._facts_of_file()
        path.write_bytes(onnx_graph.convert(self.folded, facts, float_output=self.float_output))

    def _facts_of_file(self) -> dict[str, Any]:
        """Return the facts for a file that `--float-output` changes."""
        output = {"image_dtype": "float32", "image_range": [-1, 1]} if self.float_output else {}
        return {**self.facts, **output}


def _write_artefacts(export: _Export, paths: ExportPaths, artefacts: Sequence[Path]) -> dict[str, Record]:
    """Write and check each artefact; return {name: record}.

    Raises:
        ExportError: if any is out of bounds; names them all.
    """
    inputs = reference_inputs(export.facts)
    expected = drawing_with(export.run.generator)(*inputs)
    write_reference(paths.samples, expected)
    records: dict[str, Record] = {}
    problems: list[str] = []
    for artefact in artefacts:
        name = artefact.relative_to(paths.root).as_posix()
        export.write(artefact)
        records[name], reasons = check(artefact, inputs, expected)
        problems += [f"{name}: {reason}" for reason in reasons]
        _log.info("%s", card.artefact_line(name, records[name]))
    if problems:
        summary = f"what was exported does not draw what {export.run.path} draws"
        raise ExportError(listed(f"{summary}; leave these out with --formats and --precisions", problems))
    return records


def _add_latencies(export: _Export, folder: Path, records: dict[str, Record]) -> Record:
    """Time the .tflite and .onnx files beside Keras' own two conversions, in the same rounds.

    Returns:
        Size and latency of Keras' own conversions, by what is typed for them; {} if no file is timed.
    """
    contents = {name: (folder / name).read_bytes() for name in records if name.endswith(WITHOUT_TENSORFLOW)}
    if not contents:
        return {}
    _log.info("timing the files beside Keras' own conversions")
    naive = litert.convert_naively(export.run.generator)
    milliseconds = median_milliseconds({**contents, **naive})
    ways: Record = {way: {"bytes": len(naive[way]), "milliseconds": milliseconds.pop(way)} for way in naive}
    fastest = {
        threads: min(way["milliseconds"][threads] for way in ways.values()) for threads in map(str, THREADS)
    }
    for name, by_threads in milliseconds.items():
        records[name]["milliseconds"] = by_threads
        records[name]["naive_milliseconds"] = fastest
    return ways


@contextmanager
def _storage_errors(target: Path, aside: Path) -> Iterator[None]:
    """Turn any error about a full disk or permissions into one sentence that names the file.

    Args:
        target: which the user knows.
        aside: in which it is written.
    """
    try:
        with storage_errors(target):
            yield
    except StorageError as error:
        reason = str(error).replace(str(aside), str(target))
        full = any(words in reason for words in _FULL)  # HDF5 hides the reason in a message of its own
        raise storage_error(target, OSError(errno.ENOSPC, "")) if full else StorageError(reason) from error
    except tf.errors.OpError as error:
        if not any(words in str(error) for words in _FULL):
            raise
        raise storage_error(target, OSError(errno.ENOSPC, "")) from error


def _checked(what: str, received: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple, once and for all: of an iterator, a second look would find none."""
    if isinstance(received, str) or not isinstance(received, Iterable):
        raise ArgumentError(f"expected a list with some {what}s of {', '.join(known)}, received {received!r}")
    names = tuple(received)
    unknown = [str(name) for name in names if name not in known]
    if unknown or not names:
        raise ArgumentError(f"{what} must be of {', '.join(known)}, received {', '.join(unknown) or 'none'}")
    return names


def _refuse_run(run: Run) -> None:
    check_opened(run)
    if run.label is not None:
        raise ArgumentError(
            "a run fixed to one class cannot be exported; export the run itself: its files take the label"
        )


def _refuse_place(run: Run, target: Path) -> None:
    """Refuse a folder whose export would be taken for training images, or the run itself."""
    place = Path(os.path.realpath(target))  # which a circle of links does not break
    if place == run.path.resolve():
        raise ExportError(f"{target} is the run itself; write elsewhere with --out")
    spec = os.path.expanduser(run.config.data.spec)  # noqa: PTH111  # a run of a user who is not known here
    bases = (Path.cwd(), *run.path.resolve().parents) if source_of(run) == "folder" else ()
    for images in [(base / spec).resolve() for base in bases if (base / spec).is_dir()]:
        if place == images or images in place.parents:
            raise ExportError(
                f"{target} lies in {images}, whose images the run was trained on; its pictures would be "
                "training images of the next run. Write elsewhere with --out"
            )
