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


@pytest.mark.parametrize("task", [0, 2])
def test_the_script_for_slurm_gives_each_task_its_tf_config(task: int, tmp_path: Path) -> None:
    # srun and dcgan-tf are stand-ins: the first runs a task as Slurm does, the second says what it was given.
    programs = {
        "srun": 'shift; exec "$@"',
        "dcgan-tf": f'printenv TF_CONFIG > {tmp_path}/given; echo "$@" > {tmp_path}/words; exit 75',
        "scontrol": f'echo "$@" > {tmp_path}/requeued',
    }
    for name, lines in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    slurm = {
        "SLURM_JOB_ID": "77",
        "SLURM_PROCID": str(task),
        "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": "gpu[07-09]",
        "SLURM_STEP_TASKS_PER_NODE": "1(x3)",
        "SLURM_TASKS_PER_NODE": "1(x3)",
    }
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", "-c", SLURM], env=os.environ | slurm | {"PATH": path}, check=True, timeout=180)
    found = read_cluster({"TF_CONFIG": (tmp_path / "given").read_text()})
    assert found is not None
    assert found.index == task
    assert [address.rpartition(":")[0] for address in found.addresses] == ["gpu07", "gpu08", "gpu09"]
    words = (tmp_path / "words").read_text().split()
    assert options_of(["dcgan-tf", *words])["batch_size"] == 512
    assert (tmp_path / "requeued").read_text() == "requeue 77\n"


def test_the_commands_of_the_page_are_those_of_the_scripts() -> None:
    _, script, *words = TRY.split()
    assert (ROOT / script).exists()
    options_of(["dcgan-tf", *words[words.index("--") + 1 :]])
    assert (ROOT / MEASURE.split()[1]).exists()


def test_the_bytes_of_a_step_are_those_of_the_formula() -> None:
    rows = re.findall(r"\| ([\d.]+) million \| ([\d.]+) MB a step \| ([\d.]+) MB a step \|", PAGE)
    assert len(rows) == 2
    for parameters, *megabytes in rows:
        for machines, shown in zip((2, 8), megabytes, strict=True):
            computed = 2 * (machines - 1) / machines * 4 * float(parameters)
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
