"""Find a direction for every attribute at once, for the sliders of an exported page.

`turn` moves along differences of exemplars, as in the paper. A few exemplars also have other things in common,
which then change too. These directions are the least squares over all samples instead. Each one leaves the
linear predictions of the other attributes as they are (Shen et al. 2020, "Interpreting the latent space of
GANs for semantic face editing", section 3.3, projects the others away, to the same end).
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.analysis.turn import directions
from dcgan_tf.analysis.turn.attribute_judge import AttributeJudge, attribute_values
from dcgan_tf.progress import progress
from dcgan_tf.runs import Direction

MOST_IMAGES = 200
"""The most samples on which a direction is measured."""
ENDS = (-1.0, 1.0)
END_SHARE = 0.03
"""From one end to the middle of a slider is as far as from the lowest samples to the highest, this share each."""
LEAST_CHANGE = 0.5
"""Of the samples' range, between both ends; what moves an attribute less is not a direction of it."""
_LEAST_SINGULAR = 0.1
"""Of the largest singular value: attributes that exclude each other, such as classes, are not held still."""
_DIGITS = 6


def find_sliders(samples: Samples, latents: np.ndarray, *, seed: int) -> list[Direction]:
    """Find and measure a direction for each attribute and, unless one is fixed, each class.

    Args:
        samples: many samples, by which the directions are found.
        latents: those of other samples, of which up to 200 are moved, float32 [N, latent_dim].
        seed: seed of the random directions that they are compared with.

    Returns:
        Those that move their attribute by at least half of the samples' range.
    """
    subject, latents = samples.subject, latents[:MOST_IMAGES]
    classifier, fixed = subject.classifier, subject.run.shown_class
    names = (*classifier.continuous, *(classifier.binary if fixed else classifier.concepts))
    vectors = separate_directions(
        samples.latents, np.stack([attribute_values(samples.judgement, name) for name in names], axis=1)
    )
    by_chance = directions.random_directions(vectors, seed=[seed, 2])
    own = samples.judge(subject.run.generate(latents))
    found = []
    for place, name in progress(list(enumerate(names)), "finding directions"):
        judge = AttributeJudge(samples, name)
        changes, kept = _measured(judge, latents, vectors[place], own)
        if changes >= LEAST_CHANGE:
            found.append(
                Direction(
                    name,
                    fixed,
                    tuple(map(float, vectors[place])),
                    round(changes, 4),
                    kept,
                    _measured(judge, latents, by_chance[place], own)[1],
                    len(latents),
                )
            )
    return found


def separate_directions(latents: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return for each attribute the direction that changes its linear prediction alone.

    Args:
        latents: of samples, float32 [N, latent_dim].
        values: of their attributes, float32 [N, attributes].

    Returns:
        float64 [attributes, latent_dim], rounded to 6 digits, so that a file can hold them exactly.
    """
    spread = np.maximum(values.std(axis=0), 1e-12)
    centred = [array - array.mean(axis=0, dtype=np.float64) for array in (latents, values / spread)]
    slopes, *_ = np.linalg.lstsq(*centred, rcond=None)  # [latent_dim, attributes]
    separate = np.linalg.pinv(slopes, rcond=_LEAST_SINGULAR)
    everything = np.ones(len(values), bool)
    for place, column in enumerate(centred[1].T):
        low, high = directions.extremes(column, everything, END_SHARE)
        separate[place] *= column[high].mean() - column[low].mean()
    return np.vectorize(lambda number: float(f"{number:.{_DIGITS}g}"))(separate)


def _measured(
    judge: AttributeJudge, latents: np.ndarray, vector: np.ndarray, own: Judgement
) -> tuple[float, float | None]:
    """Return how far the attribute moves from end to end, in ranges, and the share of the others that stay."""
    count, run = len(latents), judge.samples.subject.run
    ends = np.tile(np.asarray(ENDS), (count, 1))
    moved = directions.along(latents, np.tile(np.asarray(vector, np.float32), (count, 1)), ends)
    judgement = judge.samples.judge(run.generate(moved.reshape(-1, latents.shape[1])))
    values = judge.value(judgement).reshape(count, len(ENDS))
    stays = [
        (judgement.margins[name] > 0).reshape(count, len(ENDS)) == (own.margins[name] > 0)[:, None]
        for name in judge.others
    ]
    changes = float((values[:, -1] - values[:, 0]).mean()) / max(judge.scale, 1e-12)
    return changes, round(float(np.mean(stays)), 4) if stays else None


def sliders_table(found: list[Direction]) -> str:
    """Return the directions as lines of text; "" if there are none."""
    if not found:
        return ""
    lines = [f"{'slider of an exported page':<28}{'keeps the rest':>16}{'by chance':>12}"]
    for one in found:
        shares = ["–" if share is None else f"{share:.1%}" for share in (one.kept, one.kept_by_chance)]
        lines.append(f"{one.name:<28.28}{shares[0]:>16}{shares[1]:>12}")
    return "\n".join(lines)
