"""TF_CONFIG: who trains together, and what is wrong with it if nobody can."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.training.cluster.addresses import Cluster, is_chief, read_cluster

TWO = {"worker": ["one:2222", "two:2222"]}


def environment(cluster: Any, role: Any = "worker", index: Any = 0, **others: Any) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": role, "index": index}, **others})}


def test_workers_without_a_chief_have_the_first_as_theirs() -> None:
    names, addresses = ("worker 0", "worker 1"), ("one:2222", "two:2222")
    assert read_cluster(environment(TWO)) == Cluster(names, addresses, 0)
    assert read_cluster(environment(TWO, index=1)) == Cluster(names, addresses, 1)


def test_a_chief_comes_before_the_workers() -> None:
    # So do Kubernetes' TFJob and Vertex AI, which add entries of their own.
    cluster = {"worker": ["one:2222"], "chief": ["zero:2222"], "ps": []}
    found = read_cluster(environment(cluster, "worker", "0", environment="cloud", job="{}"))
    assert found == Cluster(("chief 0", "worker 0"), ("zero:2222", "one:2222"), 1)
    assert found.others == [0]
    assert found.named([0, 1]) == "chief 0 at zero:2222, worker 0 at one:2222"
    assert read_cluster(environment(cluster, "chief")).index == 0


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TF_CONFIG": " "},
        {"TF_CONFIG": "{}"},
        environment({}),
        environment({"worker": ["alone:2222"]}),
        environment({"chief": ["alone:2222"]}, "chief"),
    ],
)
def test_one_machine_is_no_cluster(environ: dict[str, str]) -> None:
    assert read_cluster(environ) is None


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"TF_CONFIG": "{"}, "it is not JSON"),
        ({"TF_CONFIG": "[]"}, "it is not an object"),
        ({"TF_CONFIG": json.dumps({"cluster": TWO})}, "it has no task with a type and an index"),
        (environment(["one:1"]), "its cluster is not an object"),
        (environment(TWO, index=2), "its task is worker 2, which its cluster does not have"),
        (environment(TWO, "evaluator"), "its task is evaluator 0, which"),
        (environment(TWO, index="first"), "the index of its task is 'first', which is not a number"),
        (environment(TWO | {"ps": ["p:1"]}), "the role 'ps'; every machine must be a worker"),
        (environment({"chief": ["a:1", "b:1"]}, "chief"), "more than one chief"),
        (environment({"worker": "one:1"}), "no list of addresses for 'worker'"),
        (environment({"worker": ["one", "two:1"]}), "'one' is not HOST:PORT"),
        (environment({"worker": ["one:0", "two:1"]}), "'one:0' is not HOST:PORT"),
        (environment({"worker": ["one:1", "one:1"]}), "two of its workers have the address one:1"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason_and_an_example(
    environ: dict[str, str], problem: str
) -> None:
    with pytest.raises(ArgumentError) as refused:
        read_cluster(environ)
    assert str(refused.value).startswith("TF_CONFIG cannot be used: ")
    assert problem in str(refused.value)
    assert '"task": {"type": "worker", "index": 0}' in str(refused.value)
    assert "unset TF_CONFIG" in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "expected"), [({}, True), (environment(TWO), True), (environment(TWO, index=1), False)]
)
def test_who_is_alone_is_a_chief_too(
    environ: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert is_chief() == expected
