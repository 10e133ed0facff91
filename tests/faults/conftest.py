"""What the tests of faults share: processes that can be killed."""

from __future__ import annotations

import pytest

from mortal import Mortals


@pytest.fixture(scope="module")
def mortals(tmp_path_factory: pytest.TempPathFactory) -> Mortals:
    """Return what starts processes that can be killed."""
    return Mortals(tmp_path_factory.mktemp("logs"))
