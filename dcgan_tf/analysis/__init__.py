"""Analyses of a run: the paper's findings, each as a picture and numbers with their controls.

    from dcgan_tf import analysis
    finding = analysis.arithmetic(run, plus=["man+crown", "woman"], minus=["man"])

Each folder is one analysis and has the name of its command. The modules beside the folders serve several
analyses. A `Finding` has a `figure`, `measures`, a `protocol`, and `save(folder)`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
