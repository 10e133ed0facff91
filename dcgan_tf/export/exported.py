"""An export, opened to draw images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export.folder import FORMATS, PRECISIONS, WITHOUT_TENSORFLOW, ExportPaths
from dcgan_tf.export.formats import litert_file, onnx_file
from dcgan_tf.export.formats.opening import DrawFunction, open_artefact
from dcgan_tf.export.placing import interrupted, refuse_interrupted
from dcgan_tf.export.record import damaged_files, listed, read_record
from dcgan_tf.images import to_uint8
from dcgan_tf.latents import (
    checked_latents,
    is_whole,
    sample_latents,
    sample_latents_without_tensorflow,
    truncated,
)
from dcgan_tf.runs import RunPaths, checked_labels, local_folder, read_json, sample_inputs


@dataclass(frozen=True)
class Exported:
    """A generator in exported form.

    Attributes:
        path: the artefact in use: a .tflite or .onnx file, or the folder of a SavedModel.
        facts: latent_dim, latent_distribution, image_shape, step, seed, …
        draw: takes latents float32 [N, latent_dim], and labels int32 [N] for a conditional generator, and
            returns images [N, H, W, C], uint8 or float32 in [-1, 1]. Latents of another shape or that are
            not finite, and labels that are missing or no classes, are an ArgumentError.
    """

    path: Path
    facts: dict[str, Any]
    draw: DrawFunction

    @staticmethod
    def open(path: str | os.PathLike[str]) -> Exported:
        """Open an export that `export_run` wrote.

        If you do not know who made an export, take its .tflite or .onnx file or its page: they can only
        compute. A SavedModel and model.keras are programs for TensorFlow and Keras. They are run only if they
        consist of the same parts as this library's own, and match export.json. These checks keep out what is
        known to be dangerous, but they are no proof.

        Args:
            path: the folder of an export, whose most exact artefact is taken; or a .tflite or .onnx file;
                or a SavedModel's folder.

        Raises:
            ArgumentError: if the path cannot be a file or folder on this computer.
            ExportError: if there is no artefact to draw with, or its runtime cannot read it. For other files
                of an export, it names the folder to open instead.
        """
        root = local_folder(path)
        refuse_interrupted(root)
        if _is_file_alone(root):
            _refuse_damaged(root)
            file = litert_file if root.suffix == ".tflite" else onnx_file
            return _opened(root, file.read_facts(root))
        if (root / "saved_model.pb").exists():
            from dcgan_tf.export.formats import saved_model

            _refuse_damaged(root)
            return _opened(root, saved_model.read_facts(root))
        paths = ExportPaths(root)
        found = [artefact for artefact in paths.artefacts(FORMATS, PRECISIONS) if artefact.exists()]
        if not found and (whole := _export_around(root)):
            raise ExportError(
                "expected the folder of an export, its saved_model or a .tflite or .onnx file of it, "
                f"received {root}; give {whole}"
            )
        if not found:
            raise ExportError(f"{root} holds no exported generator; `dcgan-tf export RUN` writes one")
        record = read_record(paths)
        _refuse_damaged(found[0])
        return _opened(found[0], record["model"])

    @property
    def step(self) -> int:
        """The step of the training run at which it was exported."""
        return int(self.facts["step"])

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class names of a conditional generator; () if it is not conditional."""
        return tuple(self.facts.get("class_names", ()))

    def latents(self, num: int, *, seed: int = 0) -> np.ndarray:
        """Return the latents of the images that `sample(num, seed=seed)` shows, float32 [num, latent_dim]."""
        # Such a file is drawn with where TensorFlow need not be; there, they may differ by rounding.
        without = self.path.suffix in WITHOUT_TENSORFLOW
        draw = sample_latents_without_tensorflow if without else sample_latents
        return np.array(
            draw(num, self.facts["latent_dim"], seed=seed, distribution=self.facts["latent_distribution"])
        )

    def sample(
        self, num: int, *, seed: int = 0, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        """Draw images from the latents that `Run.sample` uses for this seed.

        Args:
            num: number of images, at least 1.
            seed: seed of the latents.
            labels: classes that the images of a conditional generator cycle through; all by default.
            truncation: as for `Run.sample`.

        Returns:
            uint8 [num, H, W, C].

        Raises:
            ArgumentError: if `num` is less than 1, a label is not one of the classes, or the truncation is
                out of range.
        """
        if is_whole(num) and num < 1:  # what is no whole number is refused below
            raise ArgumentError(f"the number of images must be at least 1, received {num}")
        latents = truncated(self.latents(num, seed=seed), truncation)
        images = self.draw(*sample_inputs(latents, self.class_names, labels))
        return images if images.dtype == np.uint8 else to_uint8(images)


def is_export(path: Path) -> bool:
    """Return whether a path is an export or a part of one, and not a run directory."""
    if _is_file_alone(path):
        return True
    if ExportPaths(path).record.exists() or (path / "saved_model.pb").exists():
        return True
    if interrupted(path):
        return True
    return _export_around(path) is not None and not RunPaths(path).config.exists()


def images_from(path: Path) -> str | None:
    """Return the source of an export's training images: portraits, digits, tfds, hf or folder.

    The name of the data does not show this: a folder may be called portraits too.

    Args:
        path: the export, or a part of it.

    Returns:
        The source; None without an export.json, for example for a file that was moved out of its export.
    """
    root = path if ExportPaths(path).record.is_file() else _export_around(path)
    record = read_json(ExportPaths(root).record, default={}) if root else {}
    source = record.get("images_from") if isinstance(record, dict) else None
    return source if isinstance(source, str) else None


def _is_file_alone(path: Path) -> bool:
    """Return whether a path is that of a .tflite or .onnx file; a folder may have such a name too."""
    return path.suffix in WITHOUT_TENSORFLOW and not path.is_dir()


def _export_around(path: Path) -> Path | None:
    """Return the export around a file or a folder, such as web/index.html; None if there is none."""
    folders = path.parents[:2] if path.exists() else ()
    return next((folder for folder in folders if ExportPaths(folder).record.is_file()), None)


def _opened(artefact: Path, facts: dict[str, Any]) -> Exported:
    draw = open_artefact(artefact, image_shape=facts["image_shape"])
    return Exported(artefact, facts, _of_checked_inputs(draw, facts))


def _of_checked_inputs(draw: DrawFunction, facts: dict[str, Any]) -> DrawFunction:
    """Check latents and labels before they are drawn: a runtime rounds labels, and draws NaN as black."""

    def drawn(latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        latents = checked_latents(latents, facts["latent_dim"])
        labels = checked_labels(labels, facts.get("class_names", ()), count=len(latents))
        inputs = (latents,) if labels is None else (latents, labels)
        if len(latents):
            return draw(*inputs)
        return draw(*(np.zeros((1, *values.shape[1:]), values.dtype) for values in inputs))[:0]

    return drawn


def _refuse_damaged(artefact: Path) -> None:
    """Compare an artefact with its SHA-256 in the export.json beside it, if there is one.

    This finds damage, but does not show who made the export: whoever changes a file can change its digest
    too.
    """
    folder = artefact.parent
    if not ExportPaths(folder).record.is_file():
        return
    files = read_record(ExportPaths(folder))["files"]
    own = {n: sha for n, sha in files.items() if n.split("/")[0] == artefact.name}
    if problems := damaged_files(folder, own):
        raise ExportError(listed(f"{artefact} is not as it was exported", problems))
