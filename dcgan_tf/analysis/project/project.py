"""Find the latents that draw given photographs best, graded by samples, real images and noise."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_tf import data
from dcgan_tf.analysis.finding import Finding
from dcgan_tf.analysis.project.about import ANALYSIS
from dcgan_tf.analysis.project.figure import project_figure
from dcgan_tf.analysis.project.numbers import (
    HELD_OUT,
    NOISE,
    OWN,
    TRAINING,
    Searched,
    details,
    measures,
    summary,
    warnings,
)
from dcgan_tf.analysis.project.projector import (
    LARGEST_RATE,
    POOL,
    STARTS,
    STEPS,
    TRIAL_STEPS,
    WEIGHT_OF_FEATURES,
    WEIGHT_OF_LENGTH,
    Projector,
)
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.files import replacing, write_text
from dcgan_tf.images import evenly_spaced
from dcgan_tf.latents import between
from dcgan_tf.runs import Run

LATENTS, DISTANCES = "latents.npy", "distances.csv"
NUM_CONTROLS, NUM_NOISE = 64, 16
"""The number of the run's own samples and of held-out images, and of images of noise."""
WALK_STEPS = 7
"""The steps of the walk between the first two photographs, in the figure."""


def project(
    run: Run, photos: Sequence[str | os.PathLike[str]] = (), *, num_images: int = 64, seed: int = 0
) -> Finding:
    """Find the latent of each photograph, and see what the run can draw at all.

    The search is `Projector`'s. The measures are the share of the run's own samples that it finds again,
    which says how far the search can be trusted, and how near it comes to real images that training never
    saw. The controls are training images and noise.

    Args:
        run: any run; of a conditional one, `run.of_class(...)`.
        photos: image files, which are scaled and cropped as the run's images are.
        num_images: number of training images, evenly spaced; at most all.
        seed: seed of the samples among which the search starts, of the samples that it is to find again, and
            of the noise.

    Raises:
        ArgumentError: for fewer images than 1, or one photograph in place of a list.
        DataError: if a photograph cannot be read.
        RunError: if the run is conditional and not fixed to one class, or to one without training images.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    if isinstance(photos, str | os.PathLike) or not isinstance(photos, Iterable):
        raise ArgumentError(f'photos must be a list of files, such as ["me.png"], received {photos!r}')
    started, files = time.monotonic(), [Path(photo) for photo in photos]
    pictures = data.load_pictures(files, run.config.data)
    subject = Subject(run)
    rows = _training_rows(subject, num_images)
    sets = {"": pictures, **_controls(subject, rows, seed=seed)}
    searched = _search(
        Projector(subject, seed=seed), {name: some for name, some in sets.items() if len(some)}
    )
    asked = searched.pop("", None)
    latents = asked.found.latents if asked else None
    return Finding(
        name="project",
        summary=summary(searched, asked),
        protocol=subject.protocol(
            seed=seed,
            num_images=len(rows),
            started=started,
            photographs=[str(photo) for photo in files],
            controls={name: len(some.images) for name, some in searched.items()},
            search=f"Adam, {TRIAL_STEPS} steps from each of the {STARTS} nearest of {POOL:,} samples, and "
            f"{STEPS} more from the best of them, with rates from {LARGEST_RATE} down to 0",
            loss=f"pixels + {WEIGHT_OF_FEATURES} x features of the classifier + {WEIGHT_OF_LENGTH} x length"
            if subject.has_classifier
            else f"pixels + {WEIGHT_OF_LENGTH} x length",
            **(subject.classifier_facts() if subject.has_classifier else {}),
        ),
        measures=measures(searched, asked),
        figure=project_figure(searched, asked, _walk(run, latents)),
        details=details(searched, asked, files, rows),
        warnings=warnings(searched, asked),
        files={DISTANCES: partial(_save_distances, searched, asked, rows, files)}
        | ({LATENTS: partial(_save_latents, latents)} if latents is not None else {}),
        table=_table(files, asked),
    )


def _training_rows(subject: Subject, most: int) -> np.ndarray:
    """Return the numbers of up to so many training images, of the run's class if it is fixed to one."""
    rows = subject.rows_of_class(subject.train)
    if not len(rows):
        raise RunError(
            f"{subject.run.config.data.spec} has no training images of class {subject.run.shown_class}, so "
            "nothing shows how well they are drawn; choose another class"
        )
    return np.asarray(rows[evenly_spaced(len(rows), most)])


def _controls(subject: Subject, rows: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """Return the images of each kind that the search is tried on; some data have no held-out ones.

    Args:
        subject: the run.
        rows: numbers of the training images.
        seed: seed of the samples and the noise.
    """
    run, train = subject.run, subject.train.images
    latents = run.latents(POOL + NUM_CONTROLS, seed=seed)[POOL:]  # the search starts from those before
    sets = {OWN: run.generate(latents), TRAINING: np.asarray(train[rows])}
    if subject.held_out_or_none is not None:
        held_out = subject.rows_of_class(subject.held_out_or_none)
        held_out = held_out[evenly_spaced(len(held_out), NUM_CONTROLS)]
        sets[HELD_OUT] = np.asarray(subject.held_out_or_none.images[held_out])
    noise = np.random.default_rng(seed).integers(0, 256, (NUM_NOISE, *train.shape[1:]))
    return sets | {NOISE: noise.astype(np.uint8)}


def _search(projector: Projector, sets: dict[str, np.ndarray]) -> dict[str, Searched]:
    """Search for all images in one go, because a batch that is not full takes as long as a full one."""
    found, first, searched = projector.project(np.concatenate(list(sets.values()))), 0, {}
    for name, images in sets.items():
        searched[name] = Searched(images, found.of(slice(first, first + len(images))))
        first += len(images)
    return searched


def _walk(run: Run, latents: np.ndarray | None) -> np.ndarray:
    """Return the pictures on the way from the first photograph's latent to the second's; none without."""
    if latents is None or len(latents) < 2:
        return np.empty((0, *run.generator.output_shape[1:]), np.uint8)
    fractions = np.linspace(0.0, 1.0, WALK_STEPS + 1)[:, None]
    return run.generate(between(latents[0], latents[1], fractions, run.config.model))


def _table(photos: Sequence[Path], asked: Searched | None) -> str:
    """Return a line for each photograph, for the command to print."""
    if asked is None:
        return ""
    width = max(len(photo.name) for photo in photos)
    return "\n".join(
        f"{photo.name:<{width}}  {levels:>5.1f} levels away"
        for photo, levels in zip(photos, asked.found.levels, strict=True)
    )


def _save_latents(latents: np.ndarray, path: Path) -> None:
    with replacing(path) as scratch, scratch.open("wb") as file:
        np.save(file, latents)


def _save_distances(
    searched: dict[str, Searched],
    asked: Searched | None,
    rows: np.ndarray,
    photos: Sequence[Path],
    path: Path,
) -> None:
    """Write a line for each photograph and each training image: its number in the set, and its distance."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["kind", "image", "levels"])
    for photo, levels in zip(photos, asked.found.levels if asked else (), strict=True):
        lines.writerow(["photograph", photo, f"{levels:.2f}"])
    for number, levels in zip(rows, searched[TRAINING].found.levels, strict=True):
        lines.writerow([TRAINING, number, f"{levels:.2f}"])
    write_text(path, text.getvalue())
