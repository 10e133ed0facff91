"""What training leaves of the memory allocator's freedom to keep blocks that were freed."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# glibc gives a large block back to the system when it is freed, and from then on keeps blocks of its size:
# the second one of a size comes from what was kept. Once M_MMAP_THRESHOLD has been set, it never does.
SCRIPT = """
import ctypes, sys
from dcgan_tf.config import preset
from dcgan_tf.training.loop import train

train(preset("quick", data="digits", image_size=(8, 8), channels=1, filters=2, latent_dim=4, steps=2,
             sample_every=0, run_dir=sys.argv[1]))

class Statistics(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Statistics
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
for _ in range(2):
    before = libc.mallinfo2().hblks
    block = libc.malloc(24 * 2**20)
    taken = libc.mallinfo2().hblks - before
    libc.free(block)
print("taken from the system:", taken)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator of glibc is asked")
def test_training_on_one_cpu_lets_the_allocator_keep_freed_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "taken from the system: 0"
