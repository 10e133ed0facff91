"""Training: from a `Config` to a run directory.

`train` is the whole of it. `plan.py` finds out everything about the run before its first step, `start.py`
writes it down and reads the newest checkpoint, and `loop.py` does the steps. `steps/step.py` is one of them,
with the paper's equations beside the code, and `objective/` says what is minimised. What happens besides the
steps is a `Hook`. Nothing that comes after training may be imported here.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
