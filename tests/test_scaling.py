"""docs/scaling.md: its examples are such as clusters take, as far as one can see that without a cluster."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from documented import text_of

from dcgan_tf.cli import main
from dcgan_tf.cli.train import train
from dcgan_tf.training.cluster.addresses import read_cluster
from dcgan_tf.training.cluster.joining import CONNECT_TIMEOUT

ROOT = Path(__file__).parents[1]
PAGE = text_of(ROOT / "docs" / "scaling.md")
TFJOB, VERTEX = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
TRY, SLURM, MEASURE = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


def options_of(words: list[str]) -> dict[str, Any]:
    """Return the values of the options of a training command, which the command itself reads."""
    program, name, *args = words
    assert (program, name) == ("dcgan-tf", "train")
    context = train.make_context("train", args, parent=click.Context(main))
    assert not context.args
    return {name: value for name, value in context.params.items() if value is not None}


def test_the_job_of_kubernetes_has_what_the_training_operator_asks_for() -> None:
    assert (TFJOB["apiVersion"], TFJOB["kind"]) == ("kubeflow.org/v1", "TFJob")
    assert set(TFJOB) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(TFJOB["spec"]) == {"runPolicy", "tfReplicaSpecs"}
    assert TFJOB["spec"]["runPolicy"]["cleanPodPolicy"] in {"Running", "All", "None"}
    worker = TFJOB["spec"]["tfReplicaSpecs"]["Worker"]
    assert worker["restartPolicy"] == "OnFailure"  # which starts again what ended with 75
    (container,) = worker["template"]["spec"]["containers"]
    assert container["name"] == "tensorflow"  # the operator gives TF_CONFIG to no other
    assert container["ports"] == [{"name": "tfjob-port", "containerPort": 2222}]
    volumes = {volume["name"] for volume in worker["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    options = options_of([*container["command"], *container["args"]])
    replicas = worker["replicas"] * container["resources"]["limits"]["nvidia.com/gpu"]
    assert options["batch_size"] % replicas == 0
    assert options["data"].startswith(mount_of(container))
    assert str(options["run_dir"]).startswith(mount_of(container))


def mount_of(container: dict[str, Any]) -> str:
    (mount,) = container["volumeMounts"]
    return mount["mountPath"] + "/"


def test_the_job_of_vertex_ai_has_one_chief_and_its_workers() -> None:
    chief, workers = VERTEX["workerPoolSpecs"]
    assert chief["replicaCount"] == 1
    for pool in (chief, workers):
        assert set(pool) == {"machineSpec", "replicaCount", "containerSpec"}
        assert set(pool["machineSpec"]) == {"machineType", "acceleratorType", "acceleratorCount"}
        options = options_of([*pool["containerSpec"]["command"], *pool["containerSpec"]["args"]])
        assert options["batch_size"] % (8 * pool["machineSpec"]["acceleratorCount"]) == 0
    assert VERTEX["scheduling"] == {"restartJobOnWorkerRestart": True}
    assert chief["replicaCount"] + workers["replicaCount"] == 8


def test_the_script_for_slurm_is_a_script() -> None:
    checked = subprocess.run(["bash", "-n"], input=SLURM, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


# srun, scontrol and dcgan-tf are stand-ins. The first runs three tasks one after the other, and ends with the
# highest of their exit codes, as srun does. The last says what it was given, and ends as the test asks.
PROGRAMS = {
    "srun": """[ "$1" = --kill-on-bad-exit=0 ] || exit 99
shift; highest=0
for task in 0 1 2; do
  SLURM_PROCID=$task "$@"; code=$?
  [ $code -gt $highest ] && highest=$code
done
exit $highest""",
    "scontrol": 'echo "$@" > $PLACE/requeued',
    "dcgan-tf": """printenv TF_CONFIG > $PLACE/task-$SLURM_PROCID
echo "$@" > $PLACE/words
codes=($CODES); exit ${codes[$SLURM_PROCID]}""",
}
SLURM_SAYS = {
    "SLURM_JOB_ID": "77",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "gpu[07-09]",
    "SLURM_STEP_TASKS_PER_NODE": "1(x3)",
    "SLURM_TASKS_PER_NODE": "1(x3)",
}


def submit(place: Path, codes: str, **others: str) -> int:
    """Run the script as Slurm does; the tasks end with these codes."""
    for name, lines in PROGRAMS.items():
        (place / name).write_text(f"#!/bin/bash\n{lines}\n")
        (place / name).chmod(0o755)
    path = f"{place}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = {"PATH": path, "PLACE": str(place), "CODES": codes, **SLURM_SAYS, **others}
    return subprocess.run(["bash", "-c", SLURM], env=os.environ | given, timeout=180, check=False).returncode


def test_the_script_for_slurm_gives_each_task_its_tf_config(tmp_path: Path) -> None:
    submit(tmp_path, "0 0 0")
    for task in range(3):
        found = read_cluster({"TF_CONFIG": (tmp_path / f"task-{task}").read_text()})
        assert found is not None
        assert found.index == task
        assert [address.rpartition(":")[0] for address in found.addresses] == ["gpu07", "gpu08", "gpu09"]
    assert options_of(["dcgan-tf", *(tmp_path / "words").read_text().split()])["batch_size"] == 512
    assert not (tmp_path / "requeued").exists()


@pytest.mark.parametrize(
    ("codes", "again"), [("75 137 75", True), ("75 75 75", True), ("1 1 1", False), ("143 143 143", False)]
)
def test_the_script_for_slurm_starts_again_what_lost_a_machine(
    codes: str, again: bool, tmp_path: Path
) -> None:
    (tmp_path / "python").write_text("#!/bin/bash\necho '{}'\n")  # its TF_CONFIG is another test
    (tmp_path / "python").chmod(0o755)
    submit(tmp_path, codes)
    assert (tmp_path / "requeued").exists() == again
    assert not again or (tmp_path / "requeued").read_text() == "requeue 77\n"


def test_the_script_for_slurm_does_not_train_without_a_cluster(tmp_path: Path) -> None:
    submit(tmp_path, "0 0 0", SLURM_STEP_NODELIST="gpu[")  # the resolver fails
    assert not (tmp_path / "words").exists()


def test_what_a_second_worker_brings_was_measured() -> None:
    rows = re.findall(r"\| (\d+)x\d+x3, .*? \| (\d+) images/s \| (\d+) images/s \| (\d+) ?% \|", PAGE)
    assert [side for side, *_ in rows] == ["32", "64"]
    for _, one, two, share in rows:
        assert 100 * int(two) / (2 * int(one)) == pytest.approx(int(share), abs=1.5)


def test_the_commands_of_the_page_are_those_of_the_scripts() -> None:
    _, script, *words = TRY.split()
    assert (ROOT / script).exists()
    options_of(["dcgan-tf", *words[words.index("--") + 1 :]])
    assert (ROOT / MEASURE.split()[1]).exists()


def test_the_bytes_of_a_step_are_those_of_the_formula() -> None:
    rows = re.findall(r"\| ([\d.]+) million \| ([\d.]+) MB a step \| ([\d.]+) MB a step \|", PAGE)
    assert len(rows) == 2
    for parameters, *megabytes in rows:
        for replicas, shown in zip((2, 64), megabytes, strict=True):
            computed = 2 * (replicas - 1) / replicas * 4 * float(parameters)
            assert float(shown) == pytest.approx(computed, rel=0.03)


def test_the_parameters_are_those_of_the_networks() -> None:
    from dcgan_tf.config import preset
    from dcgan_tf.models import build_discriminator, build_generator

    shown = re.findall(r"\| `(\w+)`, (\d+)x\d+ \| ([\d.]+) million", PAGE)
    assert [name for name, *_ in shown] == ["quick", "default"]
    for name, side, millions in shown:
        config = preset(name)
        assert config.data.image_size == (int(side), int(side))
        networks = build_generator(config), build_discriminator(config)
        found = sum(weight.shape.num_elements() for n in networks for weight in map(tensor_of, weights(n)))
        assert float(millions) == pytest.approx(found / 1e6, rel=0.02)


def weights(network: Any) -> list[Any]:
    return list(network.trainable_variables)


def tensor_of(weight: Any) -> Any:
    return weight.value


def test_the_exit_code_is_that_of_the_command() -> None:
    from dcgan_tf.cli.frame import EXIT_START_AGAIN

    sys.path.insert(0, str(ROOT / "scripts"))
    import local_cluster

    assert f"exit code {EXIT_START_AGAIN}" in PAGE
    assert local_cluster.LOST == EXIT_START_AGAIN
    assert f"not left after {local_cluster.GRACE:g} seconds" in " ".join(PAGE.split())


def test_the_time_to_connect_is_that_of_the_command() -> None:
    (option,) = (param for param in train.params if param.name == "connect_timeout")
    assert isinstance(option, click.Option)
    assert f"[default: {CONNECT_TIMEOUT:g}]" in str(option.help)
    assert f"{CONNECT_TIMEOUT:g} seconds by default" in PAGE
