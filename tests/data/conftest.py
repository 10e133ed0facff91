"""Datasets of the Hugging Face Hub, as settings name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dcgan_tf.config import DataConfig

if TYPE_CHECKING:
    from fake_hub import FakeHub


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Serve a Hub on the loopback."""
    import datasets

    from fake_hub import fake_hub

    datasets.disable_progress_bars()  # of the files that the tests write
    with fake_hub() as hub:
        yield hub
    datasets.enable_progress_bars()


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., DataConfig]:
    """Return the settings of ada's dataset of a name."""

    def _config(name: str = "faces", **changes: Any) -> DataConfig:
        settings = {"spec": f"hf:ada/{name}", "cache_dir": str(tmp_path / "cache"), "image_size": (8, 8)}
        return DataConfig(**(settings | changes))

    return _config
