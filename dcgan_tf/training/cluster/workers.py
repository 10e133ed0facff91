"""What the workers of a run tell each other, so that all of them do the same steps.

The chief alone knows the run directory, and decides. The others take its word, over the same connections on
which they sum gradients.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from dcgan_tf import errors
from dcgan_tf.errors import DcganError, RunError, WorkerLostError
from dcgan_tf.training.cluster.addresses import Cluster, read_cluster
from dcgan_tf.training.cluster.joining import answers

_SMALLEST_BLOCK = 256
"""A message is sent in blocks of at least so many numbers: its length, and its bytes."""
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
"""What a collective operation raises when another worker does not take part in it any more."""


@dataclass
class Decision:
    """What the chief decides.

    Attributes:
        value: as JSON can hold it; None until it is known.
    """

    value: Any = None


class Workers:
    """The processes that train a run together: one, or those of a cluster.

    All of them must call the same methods in the same order.

    Args:
        strategy: that of the run.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        self._strategy = strategy
        self._cluster = read_cluster() if several else None
        self._block = max(_SMALLEST_BLOCK, self.number)
        self._sum = tf.function(self._summed, autograph=False)

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self._cluster) if self._cluster else 1

    @property
    def index(self) -> int:
        """Which this process is, from 0."""
        return self._cluster.index if self._cluster else 0

    @property
    def chief(self) -> bool:
        """Whether this process is the one that writes and decides."""
        return self.index == 0

    def name(self, index: int) -> str:
        """Return what a worker is called in messages."""
        return self._cluster.named([index]) if self._cluster else "this process"

    def each(self, number: int) -> list[int]:
        """Return the numbers with which all workers have called this, by their index."""
        if self.number == 1:
            return [number]
        own = np.zeros(self.number, np.int64)
        own[self.index] = number
        return [int(n) for n in self._exchanged(own)[: self.number]]

    @contextmanager
    def chief_decides(self) -> Iterator[Decision]:
        """Wait at the end of the block until the chief has come there, and take its decision.

        Only the chief does something within the block. If that fails, the others fail with its message.
        Yields what holds the decision: the chief sets its `value`, and all can read it after the block.
        """
        decision = Decision()
        if self.number == 1:
            yield decision
            return
        text = ""
        try:
            yield decision
            text = json.dumps({"value": decision.value})
        except Exception as error:
            if self.chief:
                self._pass_on(self._told_about(error))
            raise
        message = json.loads(self._pass_on(text if self.chief else ""))
        _raise_told(message)
        decision.value = message["value"]

    @contextmanager
    def all_succeed(self) -> Iterator[None]:
        """Wait at the end of the block until all workers are there; if one has failed, all fail.

        Nothing within the block may wait for other workers.
        """
        if self.number == 1:
            yield
            return
        own: Exception | None = None
        try:
            yield
        except Exception as error:
            own = error
        failed = [index for index, fails in enumerate(self.each(own is not None)) if fails]
        if not failed:
            return
        message = self._pass_on(self._told_about(own) if own and failed[0] == self.index else "")
        if own is not None:
            raise own
        _raise_told(json.loads(message))

    def anywhere(self, condition: tf.Tensor) -> tf.Tensor:
        """Return whether a boolean scalar is true on any worker; this is for the inside of a step."""
        return condition if self.number == 1 else self._summed(tf.cast(condition, tf.int64)) > 0

    def share(self, variables: Sequence[tf.Variable]) -> None:
        """Give all workers the chief's values of variables, which all of them have."""
        if self.number == 1:
            return

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]
        def shared() -> None:
            for variable in variables:
                value = tf.convert_to_tensor(variable)
                variable.assign(self._summed(value if self.chief else tf.zeros_like(value)))

        with self.lost_ones_named():
            shared()

    @contextmanager
    def lost_ones_named(self) -> Iterator[None]:
        """Turn TensorFlow's errors about a lost worker into one sentence.

        Raises:
            WorkerLostError: in place of them.
        """
        try:
            yield
        except _LOST as error:
            if self._cluster is None:
                raise
            raise WorkerLostError(
                f"lost {_lost(self._cluster, error)}. Start all workers again: they continue from the newest "
                "checkpoint"
            ) from None

    def _pass_on(self, text: str) -> str:
        """Send the message of the one worker that has any, and return it; the others give none."""
        own = np.frombuffer(text.encode(), np.uint8)
        first = self._exchanged(np.concatenate([[len(own)], own[: self._block - 1]]))
        length, parts = int(first[0]), [first[1:]]
        for start in range(self._block - 1, length, self._block):
            parts.append(self._exchanged(own[start : start + self._block]))
        return np.concatenate(parts)[:length].astype(np.uint8).tobytes().decode()

    def _told_about(self, error: Exception) -> str:
        """Return the message about an error for the other workers."""
        names = [base.__name__ for base in type(error).__mro__ if base.__module__ == errors.__name__]
        said = str(error) if isinstance(error, DcganError) else f"{type(error).__name__}; its output has more"
        me = "the chief" if self.chief else self.name(self.index)
        kind = names[0] if names else RunError.__name__
        return json.dumps({"error": kind, "message": f"{me} has stopped: {said}"})

    def _exchanged(self, own: np.ndarray) -> np.ndarray:
        """Return the sums over the workers of at most a block of integers, filled up with zeros."""
        block = np.zeros(self._block, np.int64)
        block[: len(own)] = own
        with self.lost_ones_named():
            return np.asarray(self._sum(block))

    def _summed(self, value: tf.Tensor) -> tf.Tensor:
        """Return the sum of a tensor over the workers, of which each counts once, whatever its replicas."""
        replicas = self._strategy.num_replicas_in_sync // self.number

        def own() -> tf.Tensor:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            return tf.where(number % replicas == 0, value, tf.zeros_like(value))

        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, self._strategy.run(own), axis=None)


def _raise_told(message: dict[str, Any]) -> None:
    """Raise the error that a message tells about, if it does."""
    if "error" in message:
        raise getattr(errors, message["error"])(message["message"])


def _lost(cluster: Cluster, error: Exception) -> str:
    """Return who is lost: whom TensorFlow names first, or else those that do not answer any more.

    Whoever notices late finds that others have left, too.
    """
    places = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", str(error))
    named = [cluster.names.index(name) for role, n in places if (name := f"{role} {n}") in cluster.names]
    lost = [index for index in named if index != cluster.index][:1]
    if not lost:
        with ThreadPoolExecutor(len(cluster.others)) as pool:
            there = list(pool.map(lambda i: answers(cluster.addresses[i]), cluster.others))
        lost = [i for i, answered in zip(cluster.others, there, strict=True) if not answered]
    return cluster.named(lost or cluster.others) if lost or len(cluster) == 2 else "another machine"
