"""Choose the devices and the precision of a run from what the hardware offers."""

from __future__ import annotations

import contextlib
import functools
from pathlib import Path

import tensorflow as tf

from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.training.cluster.addresses import read_cluster
from dcgan_tf.training.cluster.joining import CONNECT_TIMEOUT, check_replicas, join

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def make_strategy(
    replicas: int | None = None, *, connect_timeout: float = CONNECT_TIMEOUT
) -> tf.distribute.Strategy:
    """Return a strategy over GPUs if there are any, otherwise over the CPU; under TF_CONFIG, over machines.

    More than one replica on a CPU means logical devices that share its cores. They help to try a multi-device
    set-up, but bring no speed. GPU memory is allocated as it is needed.

    Args:
        replicas: number of devices of this machine; None takes every GPU, or one CPU.
        connect_timeout: seconds to wait for the other machines of TF_CONFIG.

    Returns:
        A MirroredStrategy; a MultiWorkerMirroredStrategy if TF_CONFIG names several machines, which must be
        asked for before TensorFlow's first operation.

    Raises:
        ArgumentError: if there are fewer GPUs than that, TF_CONFIG cannot be used, or another machine of it
            has another number of replicas.
        RunError: if TensorFlow has already been set up otherwise in this process.
        WorkerLostError: if other machines do not answer.
    """
    gpus = tf.config.list_physical_devices("GPU")
    cluster = read_cluster()
    if cluster is not None:
        check_replicas(replicas, len(gpus))
    elif gpus and replicas and replicas > len(gpus):
        raise ArgumentError(f"replicas is {replicas}, but this machine has {len(gpus)} GPU(s)")
    for gpu in gpus:
        # A process that has used the GPU already, a notebook say, keeps what it took.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if replicas and replicas < len(gpus):  # the others are left to other processes
        with contextlib.suppress(RuntimeError):
            tf.config.set_visible_devices(gpus[:replicas], "GPU")
    if cluster is not None:
        return join(cluster, connect_timeout, replicas or max(len(gpus), 1))
    if gpus:
        return _mirrored("GPU", replicas or len(gpus))
    split_cpu(replicas or 1)
    return _mirrored("CPU", replicas or 1)


def split_cpu(devices: int) -> None:
    """Create at least this many logical CPUs; more than one only before TensorFlow's first operation.

    Raises:
        RunError: if it is too late for that.
    """
    (cpu,) = tf.config.list_physical_devices("CPU")
    present = len(tf.config.get_logical_device_configuration(cpu) or [None])
    if devices > present:
        logical = [tf.config.LogicalDeviceConfiguration()] * devices
        try:
            tf.config.set_logical_device_configuration(cpu, logical)
        except RuntimeError as error:
            raise RunError(
                f"{devices} replicas need as many logical CPUs, and TensorFlow has been in use with "
                f"{present} in this process; train before anything else uses it, in a new process "
                "(a notebook: restart the kernel), or with fewer replicas"
            ) from error


def make_deterministic() -> None:
    """Make a GPU compute the same bits every time; a CPU does so anyway, and nothing changes there.

    Some gradients of convolutions become slower. The choice holds for the whole process and cannot be undone:
    TensorFlow then refuses every random operation without a seed, also those of other libraries.
    """
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


def resolve_precision(precision: str) -> str:
    """Return "float32", "bfloat16" or "float16"; "auto" takes what the hardware multiplies fastest.

    The answer is bfloat16 on GPUs from compute capability 8.0 and on CPUs with AVX512-BF16 or AMX, float16 on
    GPUs from 7.0, and float32 elsewhere.
    """
    if precision != "auto":
        return precision
    capabilities = [
        tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    if capabilities:
        weakest = min(capabilities)
        return "bfloat16" if weakest >= (8, 0) else "float16" if weakest >= (7, 0) else "float32"
    return "bfloat16" if _cpu_flags() & {"avx512_bf16", "amx_bf16"} else "float32"


def dtype_policy(precision: str) -> str:
    """Return the Keras dtype policy of a resolved precision; weights and statistics are always float32."""
    return _POLICIES[precision]


@functools.cache
def _mirrored(kind: str, devices: int) -> tf.distribute.MirroredStrategy:
    """Return the process's one strategy over these devices.

    A second strategy would number its collective operations from the start again. TensorFlow would confuse
    them with those of the first, and the second run of a process would stop with a mismatch of shapes.
    """
    return tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(devices)])


def _cpu_flags() -> set[str]:
    """Return the CPU's feature flags, or none where the system does not list them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split(":", 1)[1].split()) for line in lines if line.startswith("flags")), set())
