"""The record of a run's starts, environment.json: the machine, versions and command of each."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_tf import __version__
from dcgan_tf.config import Config
from dcgan_tf.keras_settings import ONEDNN, uses_onednn
from dcgan_tf.runs import RunPaths, read_json, set_aside, write_json
from dcgan_tf.training.cluster.addresses import read_cluster

if TYPE_CHECKING:
    import tensorflow as tf

_log = logging.getLogger("dcgan_tf")


def write_environment(
    paths: RunPaths, strategy: tf.distribute.Strategy, config: Config, finished_steps: int
) -> None:
    """Add an entry for this start to environment.json, and warn if it rounds otherwise than the last one."""
    starts = read_json(paths.environment, default=[])
    if not starts and paths.environment.exists():
        set_aside(paths.environment, why="cannot be read")
    before, now = used_onednn(paths), uses_onednn()
    if finished_steps and None not in (before, now) and before != now:
        _log.warning(
            "oneDNN is %s, and was %s when this run was last trained, so the steps are rounded differently "
            "from here on; %s=%d before the command keeps it as it was",
            *("on" if now else "off", "on" if before else "off", ONEDNN, bool(before)),
        )
    entry: dict[str, Any] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "first_step": finished_steps,
        "command": sys.argv,
        "versions": {
            "dcgan_tf": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
        },
        "machine": platform.platform(),
        "cpus": os.cpu_count(),
        "onednn": now,
        "devices": list(strategy.extended.worker_devices),
        "replicas": strategy.num_replicas_in_sync,
        "workers": list(cluster.addresses) if (cluster := read_cluster()) else [],
        "precision": config.training.precision,
        "git_commit": _git_commit(),
    }
    write_json(paths.environment, [*starts, entry])


def used_onednn(paths: RunPaths) -> bool | None:
    """Return whether the last start of a run used oneDNN, or None if that is not known."""
    starts = read_json(paths.environment, default=None)
    last = starts[-1] if isinstance(starts, list) and starts else None
    found = last.get("onednn") if isinstance(last, dict) else None
    return found if isinstance(found, bool) else None


def _git_commit() -> str | None:
    """Return the commit of the git checkout that this package runs from, or None.

    An installed package may lie inside another project's repository, in a virtual environment.
    """
    root = Path(__file__).resolve().parents[2]
    try:
        if "name = dcgan_tf\n" not in (root / "setup.cfg").read_text(encoding="utf-8"):
            return None
        result = subprocess.run(
            ["git", "rev-parse", "--show-toplevel", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    top, commit = result.stdout.splitlines()
    return commit if Path(top) == root else None
