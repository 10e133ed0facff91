"""Why latents are walked along great circles: the straight line leaves the shell on which they lie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    image_rows,
    new_figure,
    plain,
)
from dcgan_tf.latents import lerp, sample_latents, slerp, typical_norm
from dcgan_tf.runs.run import Run

Way = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

WAYS = (("slerp, the great circle", slerp, RUN_COLOUR), ("lerp, the straight line", lerp, ACCENT_COLOUR))

PAIRS, COUNTED, STEPS, SHOWN = 40, 10_000, 41, 9


def lengths_along(way: Way, start: np.ndarray, end: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Return the lengths of the latents on the way from start to end.

    Args:
        way: `lerp` or `slerp`.
        start: float32 [N, latent_dim].
        end: float32 [N, latent_dim].
        fractions: of the way, [F].

    Returns:
        float32 [F, N].
    """
    return np.stack([np.linalg.norm(way(start, end, float(f)), axis=1) for f in fractions])


def great_circles(run: Run, *, seed: int = 5) -> Figure:
    """Draw how long the latents of both ways are, and the pictures on one of each."""
    n = run.config.model.latent_dim
    drawn = np.asarray(sample_latents(COUNTED, n, seed=seed))
    start, end = drawn[:PAIRS], drawn[PAIRS : 2 * PAIRS]
    fractions = np.linspace(0, 1, STEPS)
    figure = new_figure(9, 5.6, title="Two ways from one latent to another")
    above, below = figure.subfigures(2, 1, height_ratios=[3.1, 2.5], squeeze=False)[:, 0]
    along, spread = above.subplots(1, 2, width_ratios=[3, 1], sharey=True)
    for name, way, colour in (
        ("slerp, the great circle", slerp, RUN_COLOUR),
        ("lerp, the straight line", lerp, ACCENT_COLOUR),
    ):
        lengths = lengths_along(way, start, end, fractions)
        along.plot(fractions, lengths, color=colour, linewidth=0.5, alpha=0.35)
        along.plot(fractions, lengths.mean(axis=1), color=colour, linewidth=2.5, label=name)
    counted = np.linalg.norm(drawn, axis=1)
    low, high = np.percentile(counted, [0.05, 99.95])
    along.axhspan(low, high, color=CONTROL_COLOUR, alpha=0.25, linewidth=0)
    along.axhline(typical_norm(run.config.model), color=NOTE_COLOUR, linewidth=0.8, linestyle=":")
    along.legend(frameon=False, fontsize=8, loc="lower left")
    spread.hist(counted, 60, orientation="horizontal", color=CONTROL_COLOUR)
    spread.set_xticks([])
    plain(along, title=f"length of the latents along {PAIRS} ways", x="fraction of the way", y="length of z")
    plain(spread, title=f"lengths of {COUNTED:,} latents")
    spread.text(0, low - 0.1, "the grey band holds 99.9 %", fontsize=8, color=NOTE_COLOUR, va="top")
    places = np.linspace(0, 1, SHOWN)[:, None]
    image_rows(
        below.subplots(),
        [
            ("slerp", run.generate(slerp(start[:1], end[:1], places))),
            ("lerp", run.generate(lerp(start[:1], end[:1], places))),
        ],
    )
    return figure
