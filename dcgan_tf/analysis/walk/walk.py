"""Walk through latent space; jumps would mean learning by heart (Radford et al. 2015, 6.1)."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_tf.analysis.features import SPACE
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject, given_latents
from dcgan_tf.analysis.walk.about import ANALYSIS
from dcgan_tf.analysis.walk.figure import walk_figure
from dcgan_tf.analysis.walk.measured_paths import (
    FADE,
    LATENT,
    NEAREST_REAL,
    STEPS,
    MeasuredPaths,
    PathMeasurer,
)
from dcgan_tf.analysis.walk.paths import closed_walk, on_paths
from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import enlarge, save_gif
from dcgan_tf.latents import is_whole
from dcgan_tf.runs import Run

MOST_POINTS = 1000
"""The most points of a walk; each strip of it is drawn."""
FEWEST_SAMPLES = 1000
"""The fewest ordinary samples to define what counts as realistic."""

GIF, GIF_SIDE, GIF_MILLISECONDS = "walk.gif", 256, 80


def walk(
    run: Run, *, points: int = 9, latents: np.ndarray | None = None, num_images: int = 3300, seed: int = 0
) -> Finding:
    """Walk from sample to sample through latent space, and see whether the pictures jump on the way.

    A generator that has learnt its training images by heart jumps from one to the next; one that has learnt
    what they have in common changes one picture into another in small steps, and all pictures on the way look
    like samples. The measures, on many random pairs, are the longest step in mean steps, and the share of the
    pictures on the way that are as realistic as ordinary samples. The controls are a cross-fade of pixels
    between the same ends, and a path over the real images nearest to the walk's.

    Args:
        run: any run.
        points: number of random latents that the figure and walk.gif visit, at least 2; the paper has 9.
        latents: what they visit instead, such as photographs' latents, float32 [2 to 1000, latent_dim].
        num_images: number of pictures between the ends for the numbers, 11 for each pair of ends.
        seed: seed of the latents.

    Raises:
        ArgumentError: for fewer points than 2, more than 1,000, fewer images than lie between two ends, or
            for latents that the run cannot draw.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    latents = given_latents(latents, run)
    points = points if latents is None else len(latents)
    _check(points, num_images)
    started = time.monotonic()
    subject, pairs = Subject(run), num_images // (STEPS - 1)
    samples = Samples.draw(subject, max(FEWEST_SAMPLES, 2 * pairs, points), seed=seed)
    measurer = PathMeasurer.of(samples)
    found = measurer.measure_many(samples.latents[: 2 * pairs])
    visited = samples.latents[:points] if latents is None else latents
    strips = on_paths(run.generate, closed_walk(visited, STEPS, run.config.model))
    return Finding(
        name="walk",
        summary=_summary(found),
        protocol=subject.protocol(
            seed=seed,
            num_images=pairs * (STEPS - 1),
            started=started,
            pairs=pairs,
            steps=STEPS,
            way=f"{_way(run)} between random latents",
            shown="random latents" if latents is None else "given latents",
            space=measurer.space,
            realistic=samples.criteria,
            **(subject.classifier_facts() if subject.has_classifier else {}),
        ),
        measures=_measures(found, measurer.space),
        figure=walk_figure(
            strips,
            measurer.measure(visited[:1], visited[1:2]),
            found,
            way=_way(run),
            given=latents is not None,
        ),
        details={name: _profile(path) for name, path in found.items()},
        warnings=(*samples.doubts, *_warnings(measurer)),
        files={GIF: partial(_save_gif, strips)},
    )


def _check(points: int, num_images: int) -> None:
    if not (is_whole(points) and points >= 2):
        raise ArgumentError(f"a walk needs at least 2 points, received {points!r}; name a whole number")
    if points > MOST_POINTS:
        raise ArgumentError(f"a walk has at most {MOST_POINTS:,} points, received {points:,}")
    if num_images < STEPS - 1:
        raise ArgumentError(
            f"there are {STEPS - 1} pictures between two ends, so at least as many are needed, received "
            f"{num_images}"
        )


def _measures(found: dict[str, MeasuredPaths], space: str) -> tuple[Measure, ...]:
    controls = (FADE, NEAREST_REAL)
    ends = found[LATENT].realistic[:, [0, -1]]
    return (
        Measure(
            name="longest step in mean steps",
            value=found[LATENT].jump_ratio,
            unit="ratio",
            controls={name: found[name].jump_ratio for name in controls},
            meaning=f"mean over the paths; steps are distances in {space}; 1 is perfectly even, {STEPS} one "
            "single jump; less is smoother",
        ),
        Measure(
            name="pictures on the way that are as realistic as samples",
            value=found[LATENT].share_realistic,
            unit="share",
            controls={FADE: found[FADE].share_realistic, "the ends": float(ends.mean())},
            meaning="share of the pictures between the ends; as many as of the ends are wanted",
        ),
        Measure(
            name="halfway pictures that are as realistic as samples",
            value=float(found[LATENT].realistic[:, STEPS // 2].mean()),
            unit="share",
            controls={
                FADE: float(found[FADE].realistic[:, STEPS // 2].mean()),
                "the ends": float(ends.mean()),
            },
            meaning="the same for the picture in the middle of each path, where a double exposure is worst",
        ),
    )


def _profile(path: MeasuredPaths) -> dict[str, list[float]]:
    """Return the measurements at each place, averaged over the paths."""
    return {
        "mean step length": [round(float(value), 4) for value in path.lengths.mean(axis=0)],
        "share realistic": [round(float(value), 4) for value in path.realistic.mean(axis=0)],
    }


def _summary(found: dict[str, MeasuredPaths]) -> str:
    ours, fade, nearest = (found[name] for name in (LATENT, FADE, NEAREST_REAL))
    return (
        f"the longest step of a walk is {ours.jump_ratio:.2f} mean steps (cross-fade {fade.jump_ratio:.2f}, "
        f"hopping on real images {nearest.jump_ratio:.2f}); {ours.share_realistic:.1%} of the pictures on "
        f"the way are as realistic as samples (cross-fade {fade.share_realistic:.1%})"
    )


def _warnings(measurer: PathMeasurer) -> tuple[str, ...]:
    if measurer.space == SPACE:
        return ()
    return (
        "this run's discriminator has no convolutional features, so steps are measured in the "
        f"{measurer.space}; do not compare them with those of a run with --architecture dcgan",
    )


def _way(run: Run) -> str:
    normal = run.config.model.latent_distribution == "normal"
    return "slerp (great circles)" if normal else "lerp (straight lines)"


def _save_gif(strips: np.ndarray, path: Path) -> None:
    """Write the closed walk as a GIF, without each strip's last picture, which is the next one's first."""
    frames = [enlarge(image, GIF_SIDE) for image in strips[:, :-1].reshape(-1, *strips.shape[2:])]
    save_gif(path, frames, milliseconds=GIF_MILLISECONDS, hold_last=GIF_MILLISECONDS)
