"""How commands end: with a sentence, with a traceback and a request, or stopped."""

from __future__ import annotations

import logging
import signal
import sys

import click
import pytest
from click.testing import CliRunner, Result

from dcgan_tf import cli
from dcgan_tf.cli.frame import Frame, LogFormatter, debug_option, said_when_stopped, say
from dcgan_tf.errors import DataError, OutOfMemoryError


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


@pytest.fixture
def fail_with(monkeypatch):
    """Return a function that makes training raise."""

    def prepare(error: BaseException) -> None:
        def stand_in(config, hooks):
            raise error

        monkeypatch.setattr("dcgan_tf.training.loop.train", stand_in)

    return prepare


@pytest.mark.parametrize(
    "error",
    [
        ValueError("of NumPy"),
        OSError(5, "of Keras"),
        BrokenPipeError(32, "of a socket"),
        EOFError(),
        KeyError("k"),
    ],
)
def test_whatever_is_no_error_of_the_tree_is_a_bug_with_its_traceback(error, fail_with):
    fail_with(error)
    result = run("train")
    assert result.exit_code == 70
    assert "Traceback" in result.stderr
    assert "stand_in" in result.stderr
    assert "this is a bug in dcgan_tf, not a mistake of yours. Please report it" in result.stderr
    for told in ("command   dcgan-tf", "dcgan_tf 0.1.0", "tensorflow 2.", "system"):
        assert told in result.stderr
    assert "Aborted" not in result.stderr


def test_an_error_of_the_tree_is_one_sentence_wherever_it_is_raised(monkeypatch):
    def failing(*_):
        raise DataError("the picture is torn")

    monkeypatch.setattr("dcgan_tf.data.load_data", failing)
    result = run("inspect-data", "digits")
    assert (result.exit_code, result.stderr) == (1, "dcgan-tf: the picture is torn\n")


@pytest.mark.parametrize("words", [("--debug", "train"), ("train", "--debug")])
def test_debug_shows_where_an_error_was_raised(words, fail_with):
    fail_with(DataError("the picture is torn"))
    result = run(*words)
    assert result.exit_code == 1
    assert "stand_in" in result.stderr
    assert result.stderr.endswith("\ndcgan-tf: the picture is torn\n")


def test_every_command_takes_debug():
    commands = [cli.main, *cli.main.commands.values(), *cli.main.commands["reproduce"].commands.values()]
    for command in commands:
        assert [p.opts for p in command.params].count(["--debug"]) == 1, command.name


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError("there is not enough memory for it")])
def test_no_memory_is_a_sentence(error, fail_with):
    fail_with(error)
    result = run("train")
    assert result.exit_code == 1
    assert result.stderr.startswith("dcgan-tf: there is not enough memory for")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_unwinds_any_command(number):
    unwound = []

    @click.command()
    def work() -> None:
        try:
            signal.raise_signal(number)
        finally:
            unwound.append(True)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without it
    before = signal.getsignal(signal.SIGTERM)
    result = CliRunner().invoke(Frame(commands={"work": work}), ["work"])
    assert (result.exit_code, result.stderr) == (128 + number, "stopped\n")
    assert unwound == [True]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_a_library_caught_and_turned_into_an_error_of_its_own_is_still_a_stop(
    number, monkeypatch
):
    def stand_in(config, hooks):
        lost = False
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            lost = True
        if lost:
            raise RuntimeError("stack state is broken")

    monkeypatch.setattr("dcgan_tf.training.loop.train", stand_in)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without it
    result = run("train")
    assert result.exit_code == 128 + number
    assert "Traceback" not in result.stderr


def test_what_nohup_ignores_stays_ignored():
    @click.command()
    def work() -> None:
        signal.raise_signal(signal.SIGHUP)
        say("done")

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = CliRunner().invoke(Frame(commands={"work": work}), ["work"])
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (result.exit_code, result.stdout) == (0, "done\n")


def test_a_command_may_have_its_own_words_for_a_stop():
    @click.command()
    def work() -> None:
        with said_when_stopped("nothing was written"):
            raise KeyboardInterrupt

    result = CliRunner().invoke(Frame(commands={"work": work}), ["work"])
    assert (result.exit_code, result.stderr) == (130, "nothing was written\n")


def test_names_cannot_command_the_terminal_from_messages_errors_or_the_log(fail_with):
    evil = "cat\x1b[2J.png"
    fail_with(DataError(f"{evil} is torn"))
    assert run("train").stderr == "dcgan-tf: cat\\x1b[2J.png is torn\n"

    @click.command()
    def show() -> None:
        say(f"class {evil}\nin two lines")

    assert CliRunner().invoke(show).stdout == "class cat\\x1b[2J.png\nin two lines\n"
    record = logging.LogRecord("dcgan_tf", logging.INFO, "", 0, "left out: %s", (evil,), None)
    assert LogFormatter().format(record) == "left out: cat\\x1b[2J.png"


def test_the_debug_option_explains_itself():
    assert debug_option().help


@pytest.mark.parametrize("words", [("walk",), ("export",), ("compare",), ("sample",), ("probe",)])
def test_what_is_no_run_is_found_out_before_tensorflow_is_imported(words, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it would fail
    result = run(*words, str(tmp_path / "nothing"))
    assert result.exit_code == 1
    assert result.stderr.endswith("nothing does not exist\n")


@pytest.mark.parametrize(
    "words", [("walk",), ("sample",), ("evaluate",), ("verify",), ("report",), ("compare",)]
)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("gs://bucket/run", "must be a folder of this computer, received the address 'gs://bucket/run'"),
        ("~nosuchuser/run", "there is no user 'nosuchuser' whose home"),
        ("x" * 300, f"no file or folder can be called '{'x' * 80}': File name too long"),
        ("", "expected a path, received ''; the current folder is called ."),
    ],
)
def test_what_is_no_path_of_this_computer_is_told_whatever_takes_it(words, path, said, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    result = run(*words, path)
    assert result.exit_code == (1 if path else 2)
    assert said in " ".join(result.stderr.split())
    if words != ("verify",):
        result = run(*words, str(tmp_path), "--out", path)
        assert said in " ".join(result.stderr.split())


def test_a_home_is_meant_also_where_no_shell_has_replaced_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run("walk", "~/nothing")
    assert result.stderr.endswith(f"{tmp_path / 'nothing'} does not exist\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("train", "--data", "/no-such-folder"),
            "or an existing folder of images, received '/no-such-folder'",
        ),
        (("evaluate", "/no-such-folder"), "expected a run, an export, a folder of pictures or a FILE.npy"),
        (("report", "/no-such-folder"), "/no-such-folder does not exist"),
    ],
)
def test_common_mistakes_are_found_out_before_tensorflow_is_imported(words, said, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it would fail
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        (["sample", "a", "-n", "1000000000000"], "1<=x<=10000000"),
        (["sample", "a", "--seed", str(2**63)], f"0<=x<={2**63 - 1}"),
        (["walk", "a", "-n", "1000000000000"], "x<=10000000"),
        (["evaluate", "a", "-n", "1000000000000"], "50<=x<=10000000"),
        (["walk", "a", "--points", "1000000000"], "2<=x<=1000"),
        (["turn", "a", "--draws", "1000000000"], "1<=x<=10000"),
        (["arithmetic", "a", "--all", "--draws", "1000000000"], "1<=x<=10000"),
        (["probe", "a", "--draws", "1000000000"], "1<=x<=10000"),
        (["sample", "a", "--checkpoint", str(2**64)], "0<=x<=1000000000"),
        (["train", "--steps", "1" + 30 * "0"], "steps must be at most 1000000000"),
        (["train", "--replicas", "1000000"], "replicas must be at most 256"),
        (["train", "--image-size", "1000000"], "must be at most 4096"),
    ],
)
def test_numbers_have_bounds_that_are_stated(words, bound):
    result = run(*words)
    assert result.exit_code == 2
    assert bound in " ".join(result.stderr.split())


def test_memory_that_tensorflow_does_not_get_is_a_sentence(fail_with):
    fail_with(type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"))
    result = run("train")
    assert result.exit_code == 1
    assert result.stderr.startswith("dcgan-tf: there is not enough memory")
