"""How commands end: with a sentence, with a traceback and a request, or stopped."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import re
import signal
import sys

import click
import filelock
import numpy as np
import pytest
from click.testing import CliRunner, Result

from dcgan_tf import cli
from dcgan_tf.cli.frame import Frame, LogFormatter, debug_option, said_when_stopped, say
from dcgan_tf.config import preset, to_json
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import CollapseError, DataError, OutOfMemoryError
from dcgan_tf.runs.data_record import describe

ONE_OF_TWO = ImageSet(
    name="digits",
    images=np.zeros((2, 16, 16, 3), np.uint8),
    labels=np.array([0, 1]),
    label_names=("zero", "one"),
    fingerprint="0123",
)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


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
def test_whatever_is_no_error_of_the_tree_is_a_bug_with_its_traceback(error, failing_train):
    failing_train(error)
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


def test_training_that_went_wrong_has_an_exit_code_of_its_own(failing_train):
    failing_train(CollapseError("training was stopped"))
    result = run("train")
    assert (result.exit_code, result.stderr) == (3, "dcgan-tf: training was stopped\n")


@pytest.mark.parametrize("words", [("--debug", "train"), ("train", "--debug")])
def test_debug_shows_where_an_error_was_raised(words, failing_train):
    failing_train(DataError("the picture is torn"))
    result = run(*words)
    assert result.exit_code == 1
    assert "stand_in" in result.stderr
    assert result.stderr.endswith("\ndcgan-tf: the picture is torn\n")


def test_help_lists_each_command_once_below_a_heading_in_80_columns():
    lines = run("--help").stdout.splitlines()
    titles = [line.removesuffix(":") for line in lines if line.endswith(":")]
    assert titles == ["Options", "Train", "Look", "Understand", "Judge", "Ship"]
    listed = [line.split()[0] for line in lines[lines.index("Train:") :] if line.startswith("  ")]
    assert sorted(listed) == sorted(cli.main.commands)
    assert max(map(len, lines)) <= 80
    assert all(line.endswith(".") for line in lines[lines.index("Train:") :] if line.startswith("  "))


def test_a_command_without_a_heading_is_listed_too():
    group = Frame("tool")
    group.add_command(click.Command("one", help="Do one thing."), heading="First")
    group.add_command(click.Command("other", help="Do another thing."))
    page = CliRunner().invoke(group, ["--help"]).stdout
    assert "First:\n  one    Do one thing.\n\nCommands:\n  other  Do another thing.\n" in page


def test_every_command_takes_debug():
    commands = [cli.main, *cli.main.commands.values(), *cli.main.commands["reproduce"].commands.values()]
    for command in commands:
        assert [p.opts for p in command.params].count(["--debug"]) == 1, command.name


@pytest.mark.parametrize("error", [MemoryError(), OutOfMemoryError("there is not enough memory for it")])
def test_no_memory_is_a_sentence(error, failing_train):
    failing_train(error)
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
    def stand_in(config, **_):
        lost = False
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            lost = True
        if lost:
            raise RuntimeError("stack state is broken")

    monkeypatch.setattr("dcgan_tf.training.train", stand_in)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without it
    result = run("train")
    assert result.exit_code == 128 + number
    assert result.stderr == "stopped without saving; the same command starts from the newest checkpoint\n"


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


def test_names_cannot_command_the_terminal_from_messages_errors_or_the_log(failing_train):
    evil = "cat\x1b[2J.png"
    failing_train(DataError(f"{evil} is torn"))
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
        ("gs://bucket/run", "need a folder on this computer, received the address 'gs://bucket/run'"),
        ("~nosuchuser/run", "there is no user 'nosuchuser', so"),
        ("x" * 300, f"no file or folder can have the name '{'x' * 80}': File name too long"),
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


MISTAKES = {
    "train --data /no-such-folder": "or an existing folder of images, received '/no-such-folder'",
    "train --data hf:faces": "data must be hf:USER/NAME or hf:USER/NAME/CONFIG, received 'hf:faces'",
    "inspect-data hf:faces": "data must be hf:USER/NAME or hf:USER/NAME/CONFIG, received 'hf:faces'",
    "train --image-size 100": "image size 100x100 does not fit",
    "train --image-size 10 --architecture gan": "image_size must be at least 16 pixels",
    "train --data digits --run-dir a-file/run": "cannot write to the run directory a-file/run",
    "train --data digits --run-dir others": "others is neither empty nor a run",
    "evaluate /no-such-folder": "/no-such-folder does not exist; expected a run, an export, a folder of",
    "evaluate no-such.npy": "no-such.npy does not exist; expected a run, an export, a folder of pictures",
    "evaluate a-file": "expected a run, an export, a folder of pictures or a FILE.npy, received a-file",
    "evaluate run --against /no-such-folder": "or an existing folder of images, received '/no-such-folder'",
    "evaluate run --data /no-such-folder": "or an existing folder of images, received '/no-such-folder'",
    "evaluate run --out a-file/a.json": "--out: a-file/a.json cannot be written",
    "evaluate run --checkpoint 7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "evaluate run --label cat": "there is no class 'cat': expected one of zero, one",
    "sample run --label zero,two": "there is no class 'two': expected one of zero, one",
    "sample run --checkpoint 7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "sample run --out a-file/a.png": "a-file/a.png cannot be written",
    "sample begun": "begun/checkpoints has no checkpoint yet; train this run first",
    "export run --checkpoint 7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "export run --out others": "others exists and is not an export",
    "export run --out a-file/e": "a-file/e cannot be written; choose another place with --out",
    "export begun": "begun/checkpoints has no checkpoint yet; train this run first",
    "verify others": "others is not an export",
    "walk a-file": "a-file is a file; expected a run directory",
    "walk exports/digits": "exports/digits is an export; this needs the run that it was made from",
    "walk .": ". is not a run directory: it has no config.json; it contains the runs begun, run\n",
    "export a-file": "a-file is a file; expected a run directory",
    "walk run --checkpoint 7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "walk run --label 2": "there is no class '2': expected one of zero, one",
    "walk run --label zero,one": "--label takes one class here",
    "walk run --out a-file/w": "a-file/w cannot be written",
    "walk run --data /no-such-folder": "or an existing folder of images, received '/no-such-folder'",
    "compare run run@7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "report /no-such-folder": "/no-such-folder does not exist",
    "report --analyses all others": "others is not a run directory",
    "report --analyses walk run --checkpoint 7": "run/checkpoints has no checkpoint of step 7; it has: 5",
    "report --analyses walk run --data /no-such-folder": "images, received '/no-such-folder'",
    "report --analyses walk run --out a-file/r.html": "a-file/r.html cannot be written",
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Make a conditional run as far as its files' names tell, one without checkpoints, and what is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("others", "exports/digits"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("a-file", "others/notes.txt", "exports/digits/export.json"):
        (tmp_path / name).write_text("mine")
    for name in ("run", "begun"):
        (tmp_path / name / "checkpoints").mkdir(parents=True)
        config = preset(data="digits", image_size=(16, 16), conditional=True)
        (tmp_path / name / "config.json").write_text(to_json(config))
        data = describe(ONE_OF_TWO, num_unseen=None)
        (tmp_path / name / "data.json").write_text(json.dumps(data))
    for name in ("ckpt-5.index", "ckpt-5.data-00000-of-00001"):
        (tmp_path / "run" / "checkpoints" / name).write_text("")


@pytest.mark.parametrize("words", MISTAKES)
def test_common_mistakes_are_found_out_before_tensorflow_is_imported(words, places, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it would fail
    result = run(*words.split())
    assert result.exit_code == 1, result.output
    assert MISTAKES[words] in result.stderr


@pytest.mark.parametrize("place", ["runs/faces", "'my photos'"])
def test_a_place_that_train_is_given_without_its_option_is_told_which_to_put_before_it(place):
    result = run("train", "--data", "digits", place.strip("'"))
    assert result.exit_code == 2
    assert f"unexpected argument {place}. Did you mean --run-dir {place}, or --data {place}?" in result.stderr


def test_a_package_that_is_missing_is_told_before_tensorflow_is_imported(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setattr(importlib.metadata, "version", missing)
    result = run("train", "--data", "hf:ada/faces")
    assert result.exit_code == 1
    assert "hf:ada/faces needs the package datasets, which is not installed" in result.stderr


def test_a_batch_that_its_replicas_cannot_share_is_told_before_tensorflow_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    result = run("train", "--batch-size", "33", "--replicas", "2")
    assert result.exit_code == 2
    assert "batch_size must be a multiple of the 2 replicas, received 33" in result.stderr


def test_a_run_in_which_another_process_trains_is_told_before_tensorflow_is_imported(places, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with filelock.FileLock("run/train.lock"):
        result = run("train", "--data", "digits", "--image-size", "16", "--conditional", "--run-dir", "run")
    assert result.exit_code == 1
    assert "another process is training in run" in result.stderr


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        (["sample", "a", "-n", "1000000000000"], "1<=x<=10000000"),
        (["sample", "a", "--seed", str(2**63)], f"0<=x<={2**63 - 1}"),
        (["walk", "a", "-n", "10"], "11<=x<=10000000"),
        (["neighbours", "a", "-n", "7"], "8<=x<=10000000"),
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


def test_memory_that_tensorflow_does_not_get_is_a_sentence(failing_train):
    failing_train(type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"))
    result = run("train")
    assert result.exit_code == 1
    assert result.stderr.startswith("dcgan-tf: there is not enough memory")


def test_help_lists_every_command_once_below_a_heading():
    output = CliRunner().invoke(cli.main, ["--help"], terminal_width=80).output
    listed = output.split("-h, --help")[1]
    assert re.findall(r"^(\w+):$", listed, re.MULTILINE) == ["Train", "Look", "Understand", "Judge", "Ship"]
    assert re.findall(r"^  ([a-z-]+) {2,}[A-Z]", listed, re.MULTILINE) == list(cli.main.commands)
    assert max(map(len, output.splitlines())) <= 80
