"""Find a direction for every attribute at once, for the sliders of an exported page.

`turn` moves along differences of exemplars, as in the paper. A few exemplars also have other things in
common, which then change too. These directions are the least squares over all samples instead. Each one
leaves the linear predictions of the other attributes as they are (Shen et al. 2020, "Interpreting the latent
space of GANs for semantic face editing", section 3.3, projects the others away, to the same end).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dcgan_tf.analysis.turn import directions
from dcgan_tf.judges import Classifier, Predictions
from dcgan_tf.progress import progress
from dcgan_tf.runs import Direction

MOST_IMAGES = 200
"""The most samples on which a direction is measured."""
END_SHARE = 0.03
"""The share of the lowest and of the highest samples; half a slider is as long as from these to those."""
LEAST_CHANGE = 0.5
"""Of the samples' range, between both ends; what moves an attribute less is not a direction of it."""
_LEAST_SINGULAR = 0.1
"""Of the largest singular value: attributes that exclude each other, such as classes, are not held still."""
_DIGITS = 6


def find_sliders(
    classifier: Classifier,
    generate: Callable[[np.ndarray], np.ndarray],
    latents: np.ndarray,
    predictions: Predictions,
    others: np.ndarray,
    *,
    shown_class: str | None = None,
    seed: int = 0,
) -> list[Direction]:
    """Find and measure a direction for each attribute and, unless one is fixed, each class.

    Args:
        classifier: the judge of what pictures show.
        generate: draws latents, float32 [N, latent_dim] to uint8 [N, H, W, C].
        latents: those of many samples, by which the directions are found, float32 [N, latent_dim].
        predictions: what the classifier sees in these samples.
        others: latents of other samples, of which up to 200 are moved, float32 [M, latent_dim].
        shown_class: name of the class that is fixed, or None.
        seed: seed of the random directions that they are compared with.

    Returns:
        Those that move their attribute by at least half of the samples' range.
    """
    names = (*classifier.continuous, *(classifier.binary if shown_class else classifier.concepts))
    values = {name: (predictions.margins | predictions.values)[name] for name in names}
    vectors = separate_directions(latents, np.stack([*values.values()], axis=1))
    by_chance = directions.random_directions(vectors, seed=[seed, 2])
    others = others[:MOST_IMAGES]
    own = classifier.predict(generate(others))
    found = []
    for place, name in progress(list(enumerate(names)), "finding directions"):
        least, most = np.percentile(values[name], [5, 95])
        rest = [other for other in classifier.binary if other != name]
        ends = classifier.predict(generate(_at_both_ends(others, vectors[place])))
        near, far = np.split((ends.margins | ends.values)[name], 2)
        changes = float(np.mean(far - near)) / max(float(most - least), 1e-12)
        if changes >= LEAST_CHANGE:
            chance = classifier.predict(generate(_at_both_ends(others, by_chance[place])))
            found.append(
                Direction(
                    name,
                    shown_class,
                    tuple(map(float, vectors[place])),
                    round(changes, 4),
                    _kept(own, ends, rest),
                    _kept(own, chance, rest),
                    len(others),
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
    slopes = np.linalg.lstsq(centred[0], centred[1], rcond=None)[0]  # [latent_dim, attributes]
    separate = np.linalg.pinv(slopes, rcond=_LEAST_SINGULAR)
    everything = np.ones(len(values), bool)
    for place, column in enumerate(centred[1].T):
        low, high = directions.extremes(column, everything, END_SHARE)
        separate[place] *= column[high].mean() - column[low].mean()
    return np.array([[float(f"{number:.{_DIGITS}g}") for number in vector] for vector in separate])


def _at_both_ends(latents: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return latents at the near end of a slider and, behind them, at the far end; [2 N, latent_dim]."""
    moved = directions.along(
        latents,
        np.tile(np.asarray(vector, np.float32), (len(latents), 1)),
        np.tile(np.array([-1.0, 1.0]), (len(latents), 1)),
    )
    return np.concatenate([moved[:, 0], moved[:, 1]])


def _kept(own: Predictions, ends: Predictions, attributes: list[str]) -> float | None:
    """Return the share of binary attributes that are at both ends as in the samples; None without any."""
    stays = [(ends.margins[name] > 0) == np.tile(own.margins[name] > 0, 2) for name in attributes]
    return round(float(np.mean(stays)), 4) if stays else None


def sliders_table(found: list[Direction]) -> str:
    """Return the directions as lines of text; "" if there are none."""
    if not found:
        return ""
    lines = [f"{'slider of an exported page':<28}{'keeps the rest':>16}{'by chance':>12}"]
    for one in found:
        shares = ["–" if share is None else f"{share:.1%}" for share in (one.kept, one.kept_by_chance)]
        lines.append(f"{one.name:<28.28}{shares[0]:>16}{shares[1]:>12}")
    return "\n".join(lines)


def sliders_details(found: list[Direction]) -> list[dict[str, object]]:
    """Return the same for JSON, without the directions themselves, which have a file of their own."""
    return [{"name": one.name, "kept": one.kept, "by_chance": one.kept_by_chance} for one in found]
