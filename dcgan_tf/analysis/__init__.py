"""The paper's findings on a run: each a picture, and numbers with their controls.

    from dcgan_tf import analysis
    finding = analysis.arithmetic(run, plus=["man+crown", "woman"], minus=["man"])

Each folder is one analysis, called as its command is. The modules beside the folders are what several of
them need. A `Finding` has a `figure`, `measures`, a `protocol`, and `save(folder)`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
