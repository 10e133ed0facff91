"""Connect the workers: wait until all of them answer, and then make TensorFlow's strategy over them.

TensorFlow's own waiting has no end, holds Python's global lock, and takes the handling of SIGTERM away. So
the workers find each other here first, by plain connections.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator

import tensorflow as tf

from dcgan_tf.errors import ArgumentError, RunError, WorkerLostError, first_line
from dcgan_tf.training.cluster.addresses import VARIABLE, Cluster

CONNECT_TIMEOUT = 300.0
"""Seconds to wait for the other workers: as long as a cluster may need to start their machines."""
_PAUSE, _PATIENCE, _FEWEST_SECONDS = 0.5, 2.0, 30.0
_GREETING = "dcgan-tf, replicas: "
_GREETS = re.compile(_GREETING + r"\d{1,6}")
_SIGEV_THREAD = 2
_JOINED: dict[Cluster, tf.distribute.MultiWorkerMirroredStrategy] = {}
_log = logging.getLogger("dcgan_tf")


def join(
    cluster: Cluster, connect_timeout: float, replicas: int = 1
) -> tf.distribute.MultiWorkerMirroredStrategy:
    """Return the strategy over all workers, once they are all there; a process has one.

    The first call must come before TensorFlow's first operation. Later calls return the same strategy.

    Args:
        cluster: who takes part.
        connect_timeout: seconds to wait for the others.
        replicas: number of devices that this worker trains on.

    Raises:
        WorkerLostError: if some do not answer in that time; it names them.
        ArgumentError: if another worker has another number of replicas.
        RunError: if the port of this worker is in use, or TensorFlow has been used in this process.
    """
    if cluster in _JOINED:
        return _JOINED[cluster]
    until = time.monotonic() + connect_timeout
    me, others = cluster.names[cluster.index], cluster.named(cluster.others)
    _log.info("%s waits for %s", me, others)
    wait_for_all(cluster, connect_timeout, replicas)
    left = max(until - time.monotonic(), _FEWEST_SECONDS)
    _log.info("%s: all answer; if they do not connect within %.0f seconds, this ends with 75", me, left)
    with _ending_after(left), _own_signals():
        try:
            _JOINED[cluster] = tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            raise RunError(
                f"TensorFlow has been used in this process, and cannot join the cluster of {VARIABLE} any "
                f"more; train before anything else uses it, in a new process ({first_line(error)})"
            ) from error
        except tf.errors.OpError as error:
            raise WorkerLostError(
                f"{me} could not be connected with {others} ({first_line(error)}). Start all workers again"
            ) from None
    return _JOINED[cluster]


def wait_for_all(cluster: Cluster, connect_timeout: float, replicas: int = 1) -> None:
    """Return when every other worker has answered once.

    Each listens at its own address until it has seen all others, and says how many replicas it has. Then
    TensorFlow listens there, and answers those that come late.

    Args:
        cluster: who takes part.
        connect_timeout: seconds after which to give up.
        replicas: number of devices that this worker trains on.

    Raises:
        WorkerLostError: if some have not answered by then; it names them.
        ArgumentError: if another worker has another number of replicas: TensorFlow takes for granted that
            all have as many, and would wait for ever.
        RunError: if the port of this worker is in use.
    """
    until, said = time.monotonic() + connect_timeout, {cluster.index: f"{_GREETING}{replicas}"}
    with _answering(cluster.addresses[cluster.index], said[cluster.index]):
        while True:
            for i in cluster.others:
                if i not in said and (text := _asked(cluster.addresses[i])) is not None:
                    said[i] = text
            missing = [i for i in cluster.others if i not in said]
            if not missing:
                break
            if time.monotonic() > until:
                raise WorkerLostError(
                    f"{cluster.named(missing)} did not answer within {connect_timeout:g} seconds. Start the "
                    "same command on all machines, with ports that they can reach; --connect-timeout waits "
                    "for longer"
                )
            time.sleep(_PAUSE)
        _check_equal(cluster, said)


def answers(address: str) -> bool:
    """Return whether something listens at "host:port"."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE):
            return True
    except OSError:  # also a name that nobody knows yet
        return False


def _asked(address: str) -> str | None:
    """Return what a worker at "host:port" says of itself; "" if it says nothing, None if nothing is there."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE) as connection:
            with contextlib.suppress(OSError):  # what hangs says nothing, and neither does TensorFlow
                return connection.recv(100).decode(errors="replace")
            return ""
    except OSError:
        return None


def _check_equal(cluster: Cluster, said: dict[int, str]) -> None:
    """Refuse a cluster in which another worker says that it has another number of replicas than this one."""
    replicas = {i: int(text.removeprefix(_GREETING)) for i, text in said.items() if _GREETS.fullmatch(text)}
    own = replicas[cluster.index]
    if different := {i: n for i, n in replicas.items() if n != own}:
        time.sleep(_PATIENCE)  # the others ask again and again, and must find this worker once
        they = ", ".join(f"{cluster.named([i])} has {n}" for i, n in different.items())
        raise ArgumentError(
            f"every machine needs as many replicas as the others, but this one has {own} (it is "
            f"{cluster.names[cluster.index]}), and {they}. Give all machines the same --replicas, which each "
            "of them has the GPUs for"
        )


def check_replicas(replicas: int | None, gpus: int) -> None:
    """Refuse a number of replicas that a machine of a cluster cannot have.

    Raises:
        ArgumentError: if it is more than the GPUs, or than one on a machine without GPUs.
    """
    if replicas and replicas > max(gpus, 1):
        has = f"has {gpus} GPU(s)" if gpus else "has no GPU, and is one replica"
        raise ArgumentError(
            f"replicas is {replicas} on each machine of {VARIABLE}, but this one {has}; leave --replicas out"
        )


@contextlib.contextmanager
def _answering(address: str, greeting: str) -> Iterator[None]:
    """Greet whoever connects to the port of an address, on all of this machine's interfaces."""
    port = int(address.rpartition(":")[2])
    try:
        server = _listening(port)
    except OSError as error:
        raise RunError(
            f"cannot listen at port {port} of this machine, which {VARIABLE} gives to this worker "
            f"({os.strerror(error.errno or 0)}); end the program that uses it, or name another port on all "
            "machines"
        ) from None

    def accept() -> None:
        with contextlib.suppress(OSError):  # once the server is closed
            while True:
                _greet(server.accept()[0], greeting)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes the thread
        server.close()
        thread.join()


def _listening(port: int) -> socket.socket:
    """Return a socket that listens at a port, for IPv4 and, where this machine has it, IPv6."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
    return socket.create_server(("", port))


def _greet(connection: socket.socket, greeting: str) -> None:
    with contextlib.suppress(OSError), connection:  # who asks may be gone already
        connection.sendall(greeting.encode())


@contextlib.contextmanager
def _ending_after(seconds: float) -> Iterator[None]:
    """End this process with EX_TEMPFAIL if the block takes longer, on Linux.

    A worker may answer and then hang. No thread of Python's can act then, because TensorFlow holds the lock.
    So a timer of the C library calls its own `_exit`. A signal would not do: the first process of a container
    ignores those without a handler.
    """
    libc, timer = ctypes.CDLL(None), ctypes.c_void_p()
    if not hasattr(libc, "timer_create"):
        yield
        return
    notice = _Notice(
        value=os.EX_TEMPFAIL, notify=_SIGEV_THREAD, function=ctypes.cast(libc._exit, ctypes.c_void_p)
    )
    libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(notice), ctypes.byref(timer))
    after = _Period(seconds=int(seconds), nanoseconds=int(seconds % 1 * 1e9))
    libc.timer_settime(timer, 0, ctypes.byref(after), None)
    try:
        yield
    finally:
        libc.timer_delete(timer)


class _Notice(ctypes.Structure):
    """struct sigevent of Linux, of 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_long),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("function", ctypes.c_void_p),
        ("attributes", ctypes.c_void_p),
        ("rest", ctypes.c_byte * 32),
    )


class _Period(ctypes.Structure):
    """struct itimerspec: how often, and after how long."""

    _fields_ = (
        ("every_seconds", ctypes.c_long),
        ("every_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Take SIGTERM and SIGINT back after the block, in which TensorFlow replaces their handlers silently."""
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                if (handler := signal.getsignal(number)) is not None:
                    signal.signal(number, handler)
