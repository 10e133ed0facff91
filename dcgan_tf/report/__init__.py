"""Write one page on a whole run from the files in its directory, with the standard library and Pillow.

`write_report` in page.py makes the page. Each section has a file of its name, with its text; the text
about an analysis is in its own folder, `analysis/NAME/about.py`. Files of a run may hold anything, so they
are read through `reading.py`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
