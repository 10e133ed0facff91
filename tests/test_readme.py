from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_it_says_what_to_take_from_somebody_unknown():
    assert "From somebody you do not know, take a `.tflite` file or the page" in README


def test_the_python_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [block for block in PYTHON_BLOCKS if "steps=500" in block]
    names: dict = {}
    exec(code.replace("steps=500", "steps=2, batch_size=8, filters=2, epochs=None"), names)
    assert names["images"].shape == (16, 32, 32, 1)
    assert len(names["data"]) == 1501
    monkeypatch.setattr("dcgan_tf.judges.double_exposure._STEPS", 2)
    monkeypatch.setattr("dcgan_tf.judges.classifier._FEWEST_STEPS", 10)
    (code,) = [block for block in PYTHON_BLOCKS if "import Run, analysis" in block]
    exec(code, names)
    assert {path.name for path in Path("walk").iterdir()} == {"figure.png", "walk.gif", "result.json"}


@pytest.mark.parametrize("code", [block for block in PYTHON_BLOCKS if "saved_models/portraits" in block])
def test_the_examples_of_exported_files_draw(code, monkeypatch):
    monkeypatch.chdir(ROOT)
    keras.utils.set_random_seed(0)  # other tests have trained, and training asks for determinism
    names: dict = {}
    exec(code, names)
    image = np.asarray(names["images" if "images" in names else "image"])
    assert image.shape[1:] == (64, 64, 3)
    assert image.dtype == np.uint8
    assert image.std() > 20


def test_the_examples_open_files_that_the_repository_has():
    blocks = re.findall(r"```(?:kotlin|swift|python|js)\n(.*?)```", README, re.DOTALL)
    used = {name for block in blocks for name in re.findall(r"generator-\w+", block)}
    assert used == {"generator-dynamic"}
    record = json.loads((ROOT / "saved_models/portraits/export.json").read_text())
    (pod,) = re.findall(r"pod 'TensorFlowLiteSwift', '~> (.*?)'", README)
    assert record["artefacts"]["generator-dynamic.tflite"]["minimum_runtime"] <= pod == "2.17.0"


def test_the_kotlin_example_can_draw_a_second_picture():
    """Java's interpreter puts the output at the buffer's position, which it leaves at the end."""
    (block,) = [b for b in re.findall(r"```kotlin\n(.*?)```", README, re.DOTALL) if "runSignature" in b]
    lines = [line.split("//")[0].strip() for line in block.splitlines()]
    (run,) = [i for i, line in enumerate(lines) if "runSignature" in line]
    assert lines[run - 1] == "rgb.rewind()"
    assert lines[run - 2].startswith("val rgb = ByteBuffer.allocateDirect(")


def test_the_saved_model_cli_commands_run_as_written(tmp_path):
    (tmp_path / "saved_models").symlink_to(ROOT / "saved_models")
    commands = re.findall(r"^    (saved_model_cli (?:.*\\\n)*.*)$", README, re.MULTILINE)
    assert [command.split()[1] for command in commands] == ["show", "run"]
    for command in commands:
        program = Path(sys.executable).parent / "saved_model_cli"
        line = command.replace("saved_model_cli", shlex.quote(str(program)), 1)
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "drawn" / "image.npy").shape == (4, 64, 64, 3)
