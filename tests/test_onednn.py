"""oneDNN is switched on where TensorFlow leaves it off, unless somebody has chosen."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from dcgan_tf.onednn import VARIABLE, settle_onednn


@pytest.mark.parametrize(
    ("system", "machine", "on", "before", "after"),
    [
        ("linux", "x86_64", True, None, "1"),
        ("linux", "x86_64", False, None, "0"),
        ("linux", "x86_64", True, "0", "0"),
        ("linux", "x86_64", False, "1", "1"),
        ("linux", "aarch64", True, None, None),
        ("win32", "AMD64", True, None, None),
    ],
)
def test_it_is_switched_on_unless_the_environment_says_otherwise(
    system: str,
    machine: str,
    on: bool,
    before: str | None,
    after: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setenv(VARIABLE, before or "")
    if before is None:
        monkeypatch.delenv(VARIABLE)
    settle_onednn(on=on)
    assert os.environ.get(VARIABLE) == after


SWITCHED = sys.platform != "win32" and platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not SWITCHED, reason="on this kind of machine it is left alone")
@pytest.mark.parametrize("on", [True, False])
def test_tensorflow_does_what_it_is_told(on: bool) -> None:
    code = (
        f"from dcgan_tf.cli import import_tensorflow; import_tensorflow(onednn={on})\n"
        "from dcgan_tf.onednn import uses_onednn; print(uses_onednn())"
    )
    without = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=without)
    assert (done.stdout, done.returncode) == (f"{on}\n", 0), done.stderr
