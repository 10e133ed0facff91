"""Runs what the README and the guides show, with small settings in the place of large ones, in seconds."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import urlparse

import click
import pytest
from click.testing import CliRunner
from documented import ALL_BLOCKS, ROOT

from dcgan_tf.cli import main
from dcgan_tf.evaluation import scores
from mortal import Mortals

Words = list[str]
STEPS_OF_FACES = 300  # from here on its samples show crowns
PREPARED = (
    "dcgan-tf train --preset quick --run-dir runs/faces",
    "dcgan-tf export runs/faces",
    "dcgan-tf train --preset auto --conditional --data tfds:mnist --run-dir runs/mnist",
)
"""What a page may find: runs and an export that other pages make."""
_REPLACED = {"tfds:mnist": "digits"}
_LEFT_OUT = (
    "--epochs",
    "--steps",
    "--minutes",
    "--images",
    "--data-dir",
    "--split",
    "--discriminator-learning-rate",
)
_SMALL_TRAINING = (
    "--image-size 16 --filters 8 --dense-units 0 --hidden-units 8 --batch-size 32 --learning-rate 2e-3 "
    "--ema-decay 0.9 --sample-every 0 --histogram-every 0"
)
SMALL: dict[str, str] = {
    "sample": "--num-images 36",
    "evaluate": "--num-images 60",
    "inspect-data": "",
    "export": "",
    "verify": "",
    "benchmark": "",
    "push": "",
    "pull": "",
    "report": "--analyses walk --num-images 22",
    "compare": "--num-images 64",
    "arithmetic": "--num-images 3072 --draws 2",
    "walk": "--num-images 22 --points 3",
    "turn": "--num-images 16 --draws 2",
    "neighbours": "--num-images 50",
    "filters": "--num-images 60",
    "forget": "--num-images 128",
    "probe": "--num-images 50 --training-labels 100 --few-labels 50 --draws 2",
    "embed": "--num-images 50",
    "project": "--num-images 4",
}
"""What is added to each command: the last of two values of an option counts."""
_DONE: set[tuple[str, ...]] = set()  # what several pages show is run once


@contextmanager
def few_samples() -> Iterator[None]:
    """Let walks and turns look at few samples, evaluations at few patches, analogies at a quarter of all.

    And let the speed of a machine be measured for a moment only.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("dcgan_tf.training.auto.measuring"), "MEASURED_SECONDS", 0.1)
        patch.setattr(import_module("dcgan_tf.analysis.walk.walk"), "FEWEST_SAMPLES", 100)
        patch.setattr(import_module("dcgan_tf.analysis.turn.turn"), "POOL", 512)
        patch.setattr(import_module("dcgan_tf.analysis.project.projector"), "STEPS", 5)
        analogies = import_module("dcgan_tf.analysis.arithmetic.analogies")
        every = analogies.all_formulas
        patch.setattr(analogies, "all_formulas", lambda attributes: every(attributes)[::4])
        patch.setattr(scores, "DESCRIPTORS", 4096)
        yield


def small(words: Words) -> Words:
    """Return the words of a `dcgan-tf` command, with settings that take little time."""
    name, *rest = [_REPLACED.get(word, word) for word in words]
    if name == "evaluate":  # at 16x16 instead of 64x64
        rest = [word.replace("saved_models/portraits", "saved_models/faces") for word in rest]
    kept = iter(rest)
    smaller = [name]
    for word in kept:
        if word in _LEFT_OUT:
            next(kept)
        else:
            smaller.append(word)
    if name != "train":
        return [*smaller, *SMALL[name].split()]
    steps = STEPS_OF_FACES if "runs/faces" in words else 2
    return [*smaller, *_SMALL_TRAINING.split(), "--steps", str(steps)]


def run(words: Words, *, workspace: Path) -> None:
    """Run a command of a page, or hold it against what is known of what it would do.

    Args:
        words: of the command; the first is the program.
        workspace: the folder that it is run in, which is the current one.
    """
    program, *rest = words
    assert program in PROGRAMS, f"no test knows how to run {' '.join(words)}: see PROGRAMS in {__file__}"
    if program == "dcgan-tf" and rest[0] != "reproduce":
        rest = small(rest)
    if (program, *rest) not in _DONE:
        PROGRAMS[program](rest, workspace)
        _DONE.add((program, *rest))


def _dcgan_tf(words: Words, workspace: Path) -> None:
    _invoke(main, [*words, "--help"] if words[0] == "reproduce" else words)


def _invoke(command: click.Command, words: Words) -> None:
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0, f"{' '.join(words)}: {result.output} {result.exception!r}"
    assert "will not know the old spelling" not in result.output, result.output


def _python(words: Words, workspace: Path) -> None:
    """Ask a script for help behind its other options: it refuses those that it does not know."""
    if words == ["-m", "build"]:  # tests/test_wheel.py does
        return
    script, *rest = words
    assert (ROOT / script).parent == ROOT / "scripts", script
    with_scripts = str(ROOT / "scripts")
    if with_scripts not in sys.path:
        sys.path.insert(0, with_scripts)
    _invoke(import_module(Path(script).stem).main, [*rest, "--help"])


def _python3(words: Words, workspace: Path) -> None:
    assert words[:2] == ["-m", "venv"]


def _bash(words: Words, workspace: Path) -> None:
    """Look whether the script is there; tests/test_quickstart.py runs it, and the tests run in the other."""
    (script,) = words
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)


def _source(words: Words, workspace: Path) -> None:
    assert words in ([".venv/bin/activate"], [f"{workspace}/dcgan/bin/activate"])


def _tensorboard(words: Words, workspace: Path) -> None:
    flag, folder = words
    assert flag == "--logdir"
    assert any(Path(folder).rglob("*")), f"{folder} is empty"


def _pip(words: Words, workspace: Path) -> None:
    """Look for the package among those that are installed with this one, or that its messages name."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    verb, *packages = words
    assert verb == "install"
    if packages[0] == ".":
        return
    if packages[0].endswith(".whl"):
        assert packages == ["dist/*.whl"]
    elif packages[0].startswith(".["):
        assert packages[0][2:-1] in settings["options.extras_require"]
    elif packages[0] == "build":
        assert "\nbuild" in settings["options.extras_require"]["test"]
    elif packages[0] == "-e":
        assert packages[1][2:-1] in settings["options.extras_require"]
    elif packages[0] == "litert-cli":
        assert any("\nlitert benchmark " in block.code for block in ALL_BLOCKS if block.language == "bash")
    elif packages[0] not in settings["options"]["install_requires"] and not _is_extra(packages[0], settings):
        texts = (path.read_text().replace('"', "") for path in (ROOT / "dcgan_tf").rglob("*.py"))
        assert any(f"pip install {packages[0]}" in text for text in texts), f"who needs {packages[0]}?"


def _is_extra(requirement: str, settings: configparser.ConfigParser) -> bool:
    """Return whether a package is one of an extra, with the same lower bound."""
    extras = settings["options.extras_require"].values()
    return any(line.replace(" ", "").startswith(requirement) for text in extras for line in text.splitlines())


def _npm(words: Words, workspace: Path) -> None:
    assert words[0] == "install"
    programs = [block.code for block in ALL_BLOCKS if block.language == "js"]
    assert any(f"from '{words[1]}'" in program for program in programs)


def _gradle(words: Words, workspace: Path) -> None:
    """Look for the project, and for what its build file reads; tests/test_phone.py reads it."""
    flag, project, task, *properties = words
    assert (flag, task) == ("--project-dir", "installDebug")
    build = (ROOT / project / "build.gradle.kts").read_text()
    for option in properties:
        name, path = option.removeprefix("-P").split("=")
        assert f'gradleProperty("{name}")' in build
        assert Path(path).is_file()


def _swift(words: Words, workspace: Path) -> None:
    """Look for the package and its command, and for the model."""
    verb, flag, package, command, model, _ = words
    assert (verb, flag) == ("run", "--package-path")
    assert (ROOT / package / "Sources" / command / "main.swift").is_file()
    assert Path(model).is_file()


def _litert(words: Words, workspace: Path) -> None:
    """Hold the command against what litert-cli 0.2.1 knows, which needs another LiteRT than this package."""
    verb, model, *flags = words
    assert verb == "benchmark"
    assert Path(model).is_file()
    assert set(flags) <= {"--android", "--desktop", "--cpu", "--gpu", "--npu"}


def _unzip(words: Words, workspace: Path) -> None:
    flag, archive, member = words
    assert flag == "-p"
    facts = json.loads(zipfile.ZipFile(archive).read(member))
    assert {"latent_dim", "latent_distribution", "run", "step", "seed"} <= facts.keys()


def _saved_model_cli(words: Words, workspace: Path) -> None:
    assert (Path(sys.executable).parent / "saved_model_cli").exists()
    logs = workspace / "logs"
    logs.mkdir(exist_ok=True)
    ended = Mortals(logs).run(saved_model_cli, words, workspace)
    assert ended.code == 0, ended.output


def saved_model_cli(words: Words, workspace: Path) -> None:
    """Do in this process what the program does that TensorFlow installs."""
    from tensorflow.python.tools import saved_model_cli

    os.chdir(workspace)
    sys.argv = ["saved_model_cli", *words]
    saved_model_cli.main()


def _docker(words: Words, workspace: Path) -> None:
    """Hold the command against the Dockerfile, and what is mounted for Serving against where it looks."""
    if words[-1] == "tensorflow/serving":
        (name,) = [word.removeprefix("MODEL_NAME=") for word in words if word.startswith("MODEL_NAME=")]
        mount = dict(part.split("=") for part in words[words.index("--mount") + 1].split(","))
        assert (Path(mount["source"]) / "saved_model.pb").exists()
        assert mount["target"] == f"/models/{name}/1"
        return
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    if words[0] == "build":
        target = words[words.index("--target") + 1]
        assert target in stages
        assert words[-3:] == ["--tag", f"dcgan_tf:{target}", "."]
        return
    (image,) = [word for word in words if word.startswith("dcgan_tf:")]
    assert image.removeprefix("dcgan_tf:") in stages
    run(["dcgan-tf", *words[words.index(image) + 1 :]], workspace=workspace)


def _uvx(words: Words, workspace: Path) -> None:
    assert words[:2] == ["--from", "."]
    run(words[2:], workspace=workspace)


def _curl(words: Words, workspace: Path) -> None:
    """Hold the request against the signature that it asks for."""
    import tensorflow as tf

    url, flag, body = words
    model, verb = urlparse(url).path.removeprefix("/v1/models/").split(":")
    assert (flag, verb) == ("-d", "predict")
    request = json.loads(body)
    signatures = tf.saved_model.load(str(ROOT / "saved_models" / model / "saved_model")).signatures
    _, inputs = signatures[request["signature_name"]].structured_input_signature
    assert set(request["inputs"]) == set(inputs)


def _hf(words: Words, workspace: Path) -> None:
    """Look whether the Hub's program knows the command; the Hub of the tests has its own token."""
    assert words == ["auth", "login"]
    assert (Path(sys.executable).parent / "hf").exists()


PROGRAMS: dict[str, Callable[[Words, Path], None]] = {
    "dcgan-tf": _dcgan_tf,
    "python": _python,
    "bash": _bash,
    "source": _source,
    "tensorboard": _tensorboard,
    "pip": _pip,
    "npm": _npm,
    "unzip": _unzip,
    "gradle": _gradle,
    "swift": _swift,
    "litert": _litert,
    "saved_model_cli": _saved_model_cli,
    "docker": _docker,
    "uvx": _uvx,
    "python3": _python3,
    "curl": _curl,
    "hf": _hf,
}
