"""Who trains together: the addresses in TF_CONFIG. TensorFlow is not imported here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcgan_tf.errors import ArgumentError

VARIABLE = "TF_CONFIG"
"""The environment variable from which TensorFlow takes the cluster too."""
_ROLES = ("chief", "worker")
_EXAMPLE = (
    '{"cluster": {"worker": ["host-0:2222", "host-1:2222"]}, "task": {"type": "worker", "index": 0}} '
    "on the first of two machines"
)


@dataclass(frozen=True)
class Cluster:
    """The workers of a run, in TensorFlow's order: the chief comes first.

    Attributes:
        names: such as "worker 1", one for each worker.
        addresses: "host:port" of each.
        index: which of them this process is; 0 is the chief.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    index: int

    def __len__(self) -> int:
        return len(self.names)

    @property
    def others(self) -> list[int]:
        """The indices of all workers but this one."""
        return [i for i in range(len(self)) if i != self.index]

    def named(self, indices: list[int]) -> str:
        """Return workers as text, with their addresses."""
        return ", ".join(f"{self.names[i]} at {self.addresses[i]}" for i in indices)


def read_cluster(environ: Mapping[str, str] = os.environ) -> Cluster | None:
    """Return the cluster that TF_CONFIG describes; None without it, or if it has one machine.

    Args:
        environ: the environment variables.

    Raises:
        ArgumentError: if TF_CONFIG cannot be used; the message says why.
    """
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _unusable(f"it is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise _unusable("it is not an object")
    if not found.get("cluster"):
        return None
    members = _members(found["cluster"])
    role, index = _task(found.get("task"))
    if (role, index) not in [(kind, number) for kind, number, _ in members]:
        raise _unusable(f"its task is {role} {index}, which its cluster does not have")
    if len(members) == 1:
        return None
    return Cluster(
        tuple(f"{kind} {number}" for kind, number, _ in members),
        tuple(address for *_, address in members),
        [(kind, number) for kind, number, _ in members].index((role, index)),
    )


def is_chief() -> bool:
    """Return whether this process has a run directory: the chief of a cluster has, and one that is alone.

    Raises:
        ArgumentError: as `read_cluster` does.
    """
    cluster = read_cluster()
    return cluster is None or cluster.index == 0


def _members(cluster: Any) -> list[tuple[str, int, str]]:
    """Return (role, number, address) of each worker, the chief first."""
    if not isinstance(cluster, dict):
        raise _unusable("its cluster is not an object")
    for role, addresses in cluster.items():
        if role not in _ROLES and addresses:
            raise _unusable(
                f"its cluster has the role {role!r}; every machine must be a worker, and one may be the chief"
            )
    members = [
        (role, number, address)
        for role in _ROLES
        for number, address in enumerate(_listed(role, cluster.get(role, [])))
    ]
    if len([role for role, *_ in members if role == "chief"]) > 1:
        raise _unusable("its cluster has more than one chief")
    addresses = [address for *_, address in members]
    if twice := next((a for a in addresses if addresses.count(a) > 1), None):
        raise _unusable(f"two of its workers have the address {twice}")
    return members


def _listed(role: str, addresses: Any) -> list[str]:
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise _unusable(f"its cluster has no list of addresses for {role!r}")
    for address in addresses:
        _, _, port = address.rpartition(":")
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise _unusable(f"{address!r} is not HOST:PORT")
    return addresses


def _task(task: Any) -> tuple[str, int]:
    if not isinstance(task, dict) or "type" not in task or "index" not in task:
        raise _unusable("it has no task with a type and an index, so this machine does not know which it is")
    try:
        return str(task["type"]), int(task["index"])
    except (TypeError, ValueError):
        raise _unusable(f"the index of its task is {task['index']!r}, which is not a number") from None


def _unusable(problem: str) -> ArgumentError:
    return ArgumentError(
        f"{VARIABLE} cannot be used: {problem}. Expected something like {_EXAMPLE}; to train on this machine "
        f"alone, unset {VARIABLE}"
    )
