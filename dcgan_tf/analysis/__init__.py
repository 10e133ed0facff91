"""The paper's findings on a run: what it shows, each as a picture and as numbers with their controls.

    from dcgan_tf import analysis
    finding = analysis.arithmetic(run, plus=["man+crown", "woman"], minus=["man"])

A `Finding` has a `figure`, `measures`, a `protocol`, and `save(folder)`.
"""

from __future__ import annotations

from dcgan_tf.analysis.arithmetic.analogies import analogies
from dcgan_tf.analysis.arithmetic.arithmetic import arithmetic
from dcgan_tf.analysis.compare.compare import compare
from dcgan_tf.analysis.embed.embed import embed
from dcgan_tf.analysis.filters.filters import filters
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.forget.forget import forget
from dcgan_tf.analysis.neighbours.neighbours import neighbours
from dcgan_tf.analysis.probe.probe import probe
from dcgan_tf.analysis.arithmetic.by_sample import sample_arithmetic
from dcgan_tf.analysis.turn.turn import turn
from dcgan_tf.analysis.walk.walk import walk

__all__ = [
    "Finding",
    "Measure",
    "analogies",
    "arithmetic",
    "compare",
    "embed",
    "filters",
    "forget",
    "neighbours",
    "probe",
    "sample_arithmetic",
    "turn",
    "walk",
]
