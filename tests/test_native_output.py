"""What is held back, and when it is shown after all."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys

import pytest

from dcgan_tf.native_output import STDERR, STDOUT, held_back, held_back_outside


@pytest.mark.parametrize("descriptor", [STDOUT, STDERR])
def test_what_native_code_says_is_held_back(descriptor, capfd):
    with held_back(descriptor):
        os.write(descriptor, b"chatter\n")
    os.write(descriptor, b"words\n")
    captured = capfd.readouterr()
    assert captured.out + captured.err == "words\n"


def test_what_python_has_buffered_is_held_back_too():
    """In a process of its own, because pytest puts something else in sys.stdout's place."""
    code = (
        "from dcgan_tf.native_output import STDOUT, held_back\n"
        "with held_back(STDOUT):\n    print('chatter', end='')\nprint('words')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "words\n"


def test_what_a_stream_of_a_notebook_would_show_is_held_back_too(monkeypatch):
    """It has a way of its own, past the descriptors."""
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown)
    with held_back(STDOUT):
        sys.stdout.write("chatter\n")
    sys.stdout.write("words\n")
    assert sys.stdout is shown
    assert shown.getvalue() == "words\n"


def test_the_other_stream_is_left_alone(capfd):
    with held_back(STDERR):
        os.write(STDOUT, b"words\n")
    assert capfd.readouterr().out == "words\n"


def test_what_python_has_buffered_is_shown_with_the_rest():
    code = (
        "from dcgan_tf.native_output import STDOUT, held_back\n"
        "with held_back(STDOUT):\n    print('the reason', end='')\n    raise SystemExit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "the reason")


def test_a_stream_that_is_closed_is_no_trouble():
    code = "from dcgan_tf.native_output import STDERR, held_back\nwith held_back(STDERR):\n    print('words')"
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} 2>&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "words\n")


def test_what_was_held_back_is_shown_when_it_explains_a_failure(capfd):

    def failing_import() -> None:
        with held_back(STDOUT, STDERR):
            os.write(STDERR, b"the reason\n")
            raise ImportError

    with pytest.raises(ImportError):
        failing_import()
    assert capfd.readouterr().err == "the reason\n"


@pytest.mark.parametrize("death", ["os.abort()", "os.kill(os.getpid(), 9)"])
def test_what_was_held_back_is_shown_when_the_process_dies(death):
    code = (
        "import os\nfrom dcgan_tf.native_output import STDERR, held_back_outside\n"
        f"with held_back_outside(STDERR):\n    os.write(2, b'no AVX here\\n')\n    {death}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode < 0
    assert done.stderr == "no AVX here\n"


def test_another_process_holds_back_what_this_one_says(capfd):
    with held_back_outside(STDERR):
        os.write(STDERR, b"chatter\n")

    def failing_import() -> None:
        with held_back_outside(STDERR):
            os.write(STDERR, b"the reason\n")
            raise ImportError

    with pytest.raises(ImportError):
        failing_import()
    os.write(STDERR, b"words\n")
    assert capfd.readouterr().err == "the reason\nwords\n"


def caught_by_a_library() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise ImportError from None


@pytest.mark.parametrize("hold_back", [held_back, held_back_outside])
@pytest.mark.parametrize("caught", [False, True])
def test_a_stop_needs_no_explanation(hold_back, caught, capfd):
    def stop() -> None:
        with hold_back(STDERR):
            os.write(STDERR, b"chatter\n")
            if caught:
                caught_by_a_library()
            raise KeyboardInterrupt

    with pytest.raises(ImportError if caught else KeyboardInterrupt):
        stop()
    os.write(STDERR, b"stopped\n")
    assert capfd.readouterr().err == "stopped\n"
