"""Disks that are small, full or read-only: file systems in memory, where root may mount them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class SmallDisk:
    """A file system of its own.

    Args:
        path: where it is mounted.
        kilobytes: its size.
    """

    def __init__(self, path: Path, *, kilobytes: int) -> None:
        self.path = path
        path.mkdir()
        _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", path)

    def leave(self, kilobytes: int) -> None:
        """Fill it, but for so much."""
        self.make_room()
        with self._filler.open("wb", buffering=0) as file:
            size = os.statvfs(self.path).f_bavail * os.statvfs(self.path).f_frsize - kilobytes * 1024
            os.posix_fallocate(file.fileno(), 0, max(1, size))

    def make_room(self) -> None:
        """Empty it again, but for what the program wrote."""
        self._filler.unlink(missing_ok=True)

    def make_read_only(self) -> None:
        """Let nobody write, root included."""
        _mount("-o", "remount,ro", self.path)

    def unmount(self) -> None:
        """Take it away."""
        subprocess.run(["umount", "--lazy", self.path], check=True)

    @property
    def _filler(self) -> Path:
        return self.path / ".filler"


def may_mount(folder: Path) -> bool:
    """Tell whether this process may mount file systems."""
    try:
        SmallDisk(folder / "probe", kilobytes=64).unmount()
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _mount(*args: object) -> None:
    subprocess.run(["mount", *map(str, args)], check=True, capture_output=True)
