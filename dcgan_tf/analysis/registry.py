"""Find all analyses: each folder with an `about.py` is one."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from dcgan_tf.analysis.description import Analysis, FindingKind


@functools.cache
def analyses() -> tuple[Analysis, ...]:
    """Return the descriptions of all analyses, in the order of the report."""
    folders = [found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]) if found.ispkg]
    names = [name for name in folders if (Path(__file__).parent / name / "about.py").exists()]
    found = [importlib.import_module(f"dcgan_tf.analysis.{name}.about").ANALYSIS for name in names]
    return tuple(sorted(found, key=lambda analysis: (analysis.place, analysis.name)))


def finding_kinds() -> dict[str, tuple[FindingKind, Analysis]]:
    """Return {name of a finding: (what it is, the analysis that makes it)}, in the order of the report."""
    return {kind.name: (kind, analysis) for analysis in analyses() for kind in analysis.findings}
