"""How workers find each other, and what they say about those who do not come."""

from __future__ import annotations

import errno
import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
import tensorflow as tf

from clusters import free_addresses, started, wait_until
from dcgan_tf.errors import ArgumentError, RunError, WorkerLostError
from dcgan_tf.training.cluster import joining
from dcgan_tf.training.cluster.addresses import Cluster
from dcgan_tf.training.cluster.joining import answers, check_replicas, join, wait_for_all


def cluster(index: int = 0, count: int = 2) -> Cluster:
    addresses = free_addresses(count)
    return Cluster(tuple(f"worker {i}" for i in range(count)), tuple(addresses), index)


def test_those_who_do_not_come_are_named() -> None:
    of_three = cluster(count=3)
    with socket.create_server(("127.0.0.1", int(of_three.addresses[1].split(":")[1]))):
        began = time.monotonic()
        with pytest.raises(WorkerLostError) as lost:
            wait_for_all(of_three, 1.5)
    assert 1.5 < time.monotonic() - began < 10
    assert str(lost.value).startswith(
        f"worker 2 at {of_three.addresses[2]} did not answer within 1.5 seconds. Start the same command"
    )


def test_a_host_that_nobody_knows_yet_is_not_there() -> None:
    assert not answers("no-such-host.invalid:2222")


def test_workers_that_come_one_after_the_other_find_each_other() -> None:
    first = cluster()
    second = Cluster(first.names, first.addresses, 1)
    found = []

    def find(one: Cluster) -> None:
        wait_for_all(one, 30)
        found.append(one.index)

    threads = [threading.Thread(target=find, args=(one,)) for one in (first, second)]
    threads[0].start()
    time.sleep(1)
    assert found == []  # it waits
    threads[1].start()
    # Whoever leaves the waiting first is TensorFlow from then on, which listens at the same address.
    wait_until(lambda: len(found) >= 1, within=20)
    with socket.create_server(("127.0.0.1", int(first.addresses[found[0]].split(":")[1]))):
        for thread in threads:
            thread.join(20)
    assert sorted(found) == [0, 1]


def test_machines_with_unequal_numbers_of_replicas_are_all_told() -> None:
    first = cluster()
    said = {}

    def find(index: int, replicas: int) -> None:
        with pytest.raises(ArgumentError) as refused:
            wait_for_all(Cluster(first.names, first.addresses, index), 30, replicas)
        said[index] = str(refused.value)

    threads = [threading.Thread(target=find, args=args) for args in ((0, 4), (1, 2))]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join(20)
    assert f"this one has 4 (it is worker 0), and worker 1 at {first.addresses[1]} has 2. Give" in said[0]
    assert f"this one has 2 (it is worker 1), and worker 0 at {first.addresses[0]} has 4. Give" in said[1]
    assert said[0].endswith("Give all machines the same --replicas, which each of them has the GPUs for")


@pytest.mark.parametrize("greeting", [b"", b"7", b"dcgan-tf, replicas: many", b"\x00\x00\xff\xfe"])
def test_what_does_not_greet_like_a_worker_is_left_to_tensorflow(greeting: bytes) -> None:
    one = cluster()
    with socket.create_server(("127.0.0.1", int(one.addresses[1].split(":")[1]))) as other:

        def greet() -> None:
            with other.accept()[0] as connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        wait_for_all(one, 5, 2)
        thread.join(5)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_worker_answers_over_ipv4_and_ipv6(host: str) -> None:
    if host == "[::1]" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_addresses(1)[0].rpartition(":")[2]
    with joining._answering(f"{host}:{port}", "hello"):
        assert joining._asked(f"{host}:{port}") == "hello"
    assert joining._asked(f"{host}:{port}") is None


def test_without_ipv6_a_worker_answers_over_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def refuse(*args: object, family: int = socket.AF_INET, **rest: object) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return create(*args, family=family, **rest)

    monkeypatch.setattr(socket, "create_server", refuse)
    address = free_addresses(1)[0]
    with joining._answering(address, "hello"):
        assert joining._asked(address) == "hello"


def test_a_port_in_use_is_one_sentence() -> None:
    one = cluster()
    port = one.addresses[0].split(":")[1]
    with (
        socket.create_server(("", int(port))),
        pytest.raises(RunError, match=f"cannot listen at port {port} of this machine, which TF_CONFIG gives"),
    ):
        wait_for_all(one, 5)


def test_after_tensorflows_first_operation_it_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def late() -> None:
        raise RuntimeError("Collective ops must be configured at program startup")

    monkeypatch.setattr(joining, "wait_for_all", lambda *_: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", late)
    with pytest.raises(RunError, match=r"TensorFlow has been used in this process, .* in a new process"):
        join(cluster(), 5.0)


def test_what_tensorflow_cannot_connect_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server\nmore")

    monkeypatch.setattr(joining, "wait_for_all", lambda *_: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", fail)
    with pytest.raises(
        WorkerLostError, match=r"worker 0 could not be connected with worker 1 .*gRPC server\)"
    ):
        join(cluster(), 5.0)


def test_the_handlers_of_signals_that_tensorflow_takes_are_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def take() -> str:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # TensorFlow does so behind Python's back
        monkeypatch.setattr(signal, "getsignal", {signal.SIGTERM: mine, signal.SIGINT: None}.get)
        return "strategy"

    def mine(*_: object) -> None:
        raise AssertionError

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(joining, "wait_for_all", lambda *_: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", take)
    try:
        assert join(cluster(), 5.0) == "strategy"
        assert signal.signal(signal.SIGTERM, signal.SIG_DFL) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_process_joins_once_however_long_it_would_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(joining, "wait_for_all", lambda *_: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", lambda: made.append(1) or object())
    one = cluster()
    assert join(one, 5.0) is join(one, 300.0)
    assert made == [1]


@pytest.mark.parametrize(("replicas", "gpus"), [(None, 0), (1, 0), (None, 4), (2, 4), (4, 4)])
def test_a_machine_gives_as_many_replicas_as_it_has_gpus(replicas: int | None, gpus: int) -> None:
    check_replicas(replicas, gpus)


@pytest.mark.parametrize(
    ("replicas", "gpus", "has"), [(2, 0, "has no GPU, and is one replica"), (3, 2, r"has 2 GPU\(s\)")]
)
def test_more_replicas_than_a_machine_gives_are_refused(replicas: int, gpus: int, has: str) -> None:
    with pytest.raises(ArgumentError, match=f"replicas is {replicas} on each machine of TF_CONFIG.*{has}"):
        check_replicas(replicas, gpus)


FROZEN = """
import logging
logging.basicConfig(level="INFO")
from dcgan_tf.cli import import_tensorflow
import_tensorflow()
from dcgan_tf.training import read_cluster
from dcgan_tf.training.cluster import joining
if read_cluster().index:
    import os, signal
    with joining._answering(read_cluster().addresses[1], "hello"):
        print("answering", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
joining._FEWEST_SECONDS = 3.0
import time
while not joining.answers(read_cluster().addresses[1]):  # however slow this machine starts the other
    time.sleep(0.1)
joining.join(read_cluster(), 1.0)
"""


def test_a_worker_that_answers_and_then_hangs_does_not_hold_the_others_for_ever(tmp_path: Path) -> None:
    with started(tmp_path, 2, "-c", FROZEN) as (waiting, frozen):
        wait_until(lambda: "answering" in frozen.said)
        assert waiting.end() == 75, waiting.said
    assert "worker 0: all answer; if they do not connect within 3 seconds, this ends with 75" in waiting.said


MISSING = re.compile(r"dcgan-tf: worker 1 at 127\.0\.0\.1:\d+ did not answer within 3 seconds")


def test_the_command_gives_up_with_75(tmp_path: Path) -> None:
    words = ["-m", "dcgan_tf", "train", "--data", "digits", "--connect-timeout", "3"]
    with started(tmp_path, 2, *words, "--run-dir", str(tmp_path / "run")) as (left, other):
        other.process.kill()
        assert left.end() == 75, left.said
    assert MISSING.search(left.said)
    assert "Traceback" not in left.said
    assert not (tmp_path / "run").exists()
