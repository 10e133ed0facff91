"""The paper's findings on a run: what it shows, each as a picture and as numbers with their controls.

    from dcgan_tf import analysis
    finding = analysis.arithmetic(run, plus=["man+crown", "woman"], minus=["man"])

A `Finding` has a `figure`, `measures`, a `protocol`, and `save(folder)`.
"""

from __future__ import annotations

from dcgan_tf.analysis.arithmetic import arithmetic
from dcgan_tf.analysis.filters import filters
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.probe import probe

__all__ = ["Finding", "Measure", "arithmetic", "filters", "probe"]
