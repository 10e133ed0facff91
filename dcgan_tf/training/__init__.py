"""Training: from a `Config` to a run directory.

`train` is the whole of it: `start.py` decides how the run begins or goes on, `loop.py` does the steps,
and `step.py` is one of them, with the paper's equations beside the code. What happens besides the steps
is a `Hook`. Nothing that comes after training may be imported here.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
