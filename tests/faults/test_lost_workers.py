"""Two workers train what two replicas of one process train, and nothing is lost when one of them is."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clusters import PATIENCE, Member, started, wait_until
from dcgan_tf.config import Config
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_json
from dcgan_tf.training.loop import train
from dcgan_tf.training.origin import Origin
from going_back import different
from odd_images import noise

SCRIPT = Path(__file__).parents[2] / "scripts" / "local_cluster.py"
SETTINGS = {
    "steps": 60,
    "checkpoint_every": 10,
    "keep_every": 30,
    "log_every": 10,
    "sample_every": 30,
    "conditional": True,
    "anneal": 0.5,
}
ENDLESS = {**SETTINGS, "steps": 100_000, "anneal": 0, "connect_timeout": 120}
Read = Callable[[Path, int], dict[str, np.ndarray]]
Make = Callable[..., Config]
Options = Callable[..., list[str]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny_config: Make) -> Path:
    """Return a run of one process with two replicas."""
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    return train(tiny_config(run_dir=str(run), replicas=2, **SETTINGS))


def supervised(run: Path, options: list[str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(SCRIPT), "--workers", "2", "--", "train", "--run-dir", str(run), *options]
    with run.with_suffix(".txt").open("wb") as output:
        return subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT)


def at_checkpoint(run: Path, step: int) -> Callable[[], bool]:
    return lambda: max(checkpoint_steps(RunPaths(run).checkpoints), default=0) >= step


def test_two_workers_train_what_two_replicas_train(
    undisturbed: Path, tiny_options: Options, tiny_config: Make, read_checkpoint: Read, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    supervisor = supervised(run, tiny_options(**SETTINGS))
    assert supervisor.wait(PATIENCE) == 0, run.with_suffix(".txt").read_text()
    for step in (30, 60):
        found, expected = read_checkpoint(run, step), read_checkpoint(undisturbed, step)
        assert different(found, expected) == []
    assert "worker 1 | worker 1 at 127.0.0.1" in run.with_suffix(".txt").read_text()

    # Either goes on with what the other has saved.
    other = shutil.copytree(undisturbed, tmp_path / "other")  # other tests read the run itself
    longer = {**SETTINGS, "steps": 90, "replicas": 2}
    train(tiny_config(run_dir=str(run), **longer))
    supervisor = supervised(other, tiny_options(**longer | {"replicas": None}))
    assert supervisor.wait(PATIENCE) == 0, other.with_suffix(".txt").read_text()
    assert different(read_checkpoint(run, 90), read_checkpoint(other, 90)) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_who_is_left_alone_by_a_dead_or_hung_worker_leaves_with_75(
    number: int, tiny_options: Options, tmp_path: Path
) -> None:
    run, command = tmp_path / "run", ("-m", "dcgan_tf", "train")
    with started(tmp_path, 2, *command, *tiny_options(run_dir=run, **ENDLESS)) as members:
        wait_until(at_checkpoint(run, 10))
        members[1].process.send_signal(number)
        began = time.monotonic()
        assert members[0].end() == 75, members[0].said
        assert time.monotonic() - began < 30
    assert "lost worker 1 at 127.0.0.1" in members[0].said
    assert "Traceback" not in members[0].said


def test_all_are_started_again_and_nothing_is_lost(
    undisturbed: Path, tiny_options: Options, read_checkpoint: Read, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    supervisor = supervised(run, tiny_options(**SETTINGS))
    said = run.with_suffix(".txt")
    wait_until(at_checkpoint(run, 20))
    (chief, *_) = workers_of(supervisor)
    subprocess.run(["kill", "-KILL", str(chief)], check=True)
    assert supervisor.wait(PATIENCE) == 0, said.read_text()
    assert "ended with [-9, 75]; all are started again" in said.read_text()
    assert "worker 1 | dcgan-tf: lost worker 0 at 127.0.0.1" in said.read_text()
    assert different(read_checkpoint(run, 60), read_checkpoint(undisturbed, 60)) == []


def workers_of(supervisor: subprocess.Popen[bytes]) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(supervisor.pid)], capture_output=True, text=True, check=True)
    return [int(pid) for pid in found.stdout.split()]


def test_a_stop_of_one_stops_all_after_the_same_step(tiny_options: Options, tmp_path: Path) -> None:
    run, command = tmp_path / "run", ("-m", "dcgan_tf", "train")
    with started(tmp_path, 2, *command, *tiny_options(run_dir=run, **ENDLESS)) as members:
        wait_until(at_checkpoint(run, 10))
        members[1].process.send_signal(signal.SIGTERM)
        codes = [member.end() for member in members]
        (step,) = {after(member) for member in members}
    assert codes == [128 + signal.SIGTERM] * 2
    assert max(checkpoint_steps(RunPaths(run).checkpoints)) == step


GOES_WRONG = """
import sys
from dcgan_tf.cli import main
from dcgan_tf.training.diagnosis import conditions, watch

(collapse,) = (one for one in conditions.OF_NETWORKS if one.name == "mode_collapse")
watch.diagnosis = lambda course, config: collapse if course.step >= 50 else None
sys.argv = ["dcgan-tf", "train", *sys.argv[1:]]
main()
"""


def test_all_go_back_and_give_up_together(tiny_options: Options, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = tiny_options(run_dir=run, **SETTINGS | {"on_collapse": "rollback"})
    with started(tmp_path, 2, "-c", GOES_WRONG, *options) as members:
        codes = [member.end() for member in members]
    assert codes == [3, 3], [member.said for member in members]
    assert len(read_json(RunPaths(run).rollbacks, default=[])) == 4
    assert "dcgan-tf: the chief has stopped: training was stopped after 3 rollbacks" in members[1].said


OWN_FOLDER = """
import sys
from dcgan_tf.cli import main
from dcgan_tf.training import read_cluster
sys.argv = ["dcgan-tf", "train", "--data", sys.argv[1 + read_cluster().index], *sys.argv[3:]]
main()
"""


@pytest.mark.parametrize("failing", [0, 1])
def test_a_mistake_of_one_is_said_by_all_and_nobody_is_called_lost(failing: int, tmp_path: Path) -> None:
    folders = [tmp_path / "pictures", tmp_path / "nothing"]
    for folder in folders:
        folder.mkdir()
    for number in range(4):
        noise(seed=number).save(folders[0] / f"{number}.png")
    words = [str(folders[0 if index != failing else 1]) for index in range(2)]
    others = ["--run-dir", str(tmp_path / "run"), "--steps", "2", "--batch-size", "2"]
    with started(tmp_path, 2, "-c", OWN_FOLDER, *words, *others) as members:
        codes = [member.end() for member in members]
    assert codes == [1, 1], [member.said for member in members]
    own, told = members[failing].said, members[1 - failing].said
    sentence = "no images in"
    assert sentence in own
    assert sentence in told
    assert f"{['the chief', 'worker 1 at 127.0.0.1:'][failing]}" in told
    assert "has stopped: " in told


def test_the_chiefs_run_directory_is_no_concern_of_the_others(tiny_options: Options, tmp_path: Path) -> None:
    run, command = tmp_path / "run", ("-m", "dcgan_tf", "train")
    run.mkdir()
    (run / "letter.txt").touch()
    with started(tmp_path, 2, *command, *tiny_options(run_dir=run, **SETTINGS)) as members:
        codes = [member.end() for member in members]
    assert codes == [1, 1], [member.said for member in members]
    assert "dcgan-tf: the chief has stopped: " in members[1].said
    assert "is neither empty nor a run: it holds letter.txt" in members[1].said


def test_two_workers_begin_with_the_networks_of_another_run(
    trained: Path, tiny_config: Make, read_checkpoint: Read, tmp_path: Path
) -> None:
    """The settings of the networks are not among the options: the chief reads them, and tells the other."""
    run, length = tmp_path / "run", {"batch_size": 32, "steps": 4, "seed": 5}
    words = ["--data", "digits", "--split", "test", "--flip", "--learning-rate", "1e-3"]
    words += ["--precision", "float32"]  # "auto" is bfloat16 on some processors
    words += [f"--{name.replace('_', '-')}={value}" for name, value in length.items()]
    command = ("-m", "dcgan_tf", "train", "--preset", "default", *words, "--run-dir", str(run))
    with started(tmp_path / "right", 2, *command, "--init-from", f"{trained}@40") as members:
        codes = [member.end() for member in members]
    assert codes == [0, 0], [member.said for member in members]
    assert "which counts, and not this worker's" not in members[1].said
    alone = train(
        tiny_config(run_dir=str(tmp_path / "alone"), replicas=2, **length), init_from=Origin(str(trained), 40)
    )
    assert different(read_checkpoint(run, 4), read_checkpoint(alone, 4)) == []

    wrong = (*command[:-1], str(tmp_path / "other"), "--init-from", str(tmp_path / "nothing"))
    with started(tmp_path / "wrong", 2, *wrong) as members:
        codes = [member.end() for member in members]
    assert codes == [1, 1], [member.said for member in members]
    assert "nothing does not exist" in members[1].said


def after(member: Member) -> int:
    """Return the step after which a worker says that it was stopped."""
    (line,) = [line for line in member.said.splitlines() if "everything is saved" in line]
    return int(line.split("after step ")[1].split(";")[0])
