"""What training leaves of the memory allocator's freedom to keep blocks that were freed."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcgan_tf.config import Config
from mortal import Mortals


class Statistics(ctypes.Structure):
    """What mallinfo2 of glibc returns."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def count_blocks_after_training(config: Config) -> None:
    """Train, and print how many blocks the system gave for the second large one.

    glibc gives a large block back to the system when it is freed, and from then on keeps blocks of its size:
    the second one of a size comes from what was kept. Once M_MMAP_THRESHOLD has been set, it never does.
    """
    from dcgan_tf.training.loop import train

    train(config)
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Statistics
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    taken = 0
    for _ in range(2):
        before = libc.mallinfo2().hblks
        block = libc.malloc(24 * 2**20)
        taken = libc.mallinfo2().hblks - before
        libc.free(block)
    sys.stdout.write(f"taken from the system: {taken}\n")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of glibc is asked")
def test_training_on_one_cpu_lets_the_allocator_keep_freed_memory(
    mortals: Mortals, tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(image_size=(8, 8), steps=2, run_dir=str(tmp_path / "run"))
    ended = mortals.run(count_blocks_after_training, config)
    assert ended.code == 0, ended.output
    assert ended.output.splitlines()[-1] == "taken from the system: 0"
