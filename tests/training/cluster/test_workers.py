"""What workers tell each other: first one alone, then two processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from clusters import started
from dcgan_tf.errors import DataError
from dcgan_tf.training.cluster import workers as workers_module
from dcgan_tf.training.cluster.addresses import Cluster
from dcgan_tf.training.cluster.workers import Workers
from dcgan_tf.training.strategy import make_strategy


@pytest.fixture
def alone() -> Workers:
    return Workers(make_strategy(2))


def test_one_process_is_its_own_chief_whatever_its_replicas(alone: Workers) -> None:
    assert (alone.number, alone.index, alone.chief) == (1, 0, True)
    assert alone.each(7) == [7]
    with alone.chief_decides() as decision:
        decision.value = unserialisable = object()
    assert decision.value is unserialisable
    assert alone.anywhere(condition := tf.constant(True)) is condition
    alone.share([])


def test_one_process_keeps_its_errors(alone: Workers) -> None:
    with pytest.raises(KeyError), alone.all_succeed():
        raise KeyError
    with pytest.raises(KeyError), alone.chief_decides():
        raise KeyError
    with pytest.raises(tf.errors.UnavailableError), alone.lost_ones_named():
        raise tf.errors.UnavailableError(None, None, "a disk")


TWO = """
from dcgan_tf.cli import import_tensorflow
import_tensorflow()
import numpy as np, tensorflow as tf
from dcgan_tf.errors import DataError, RunError
from dcgan_tf.training import make_strategy
from dcgan_tf.training.cluster.workers import Workers
from dcgan_tf.training.steps.several import make_several

strategy = make_strategy()
workers = Workers(strategy)
me = workers.index
assert (workers.number, workers.chief) == (2, me == 0)
assert workers.each(-5 * me) == [0, -5]

for value in (None, 3, "ü" * 400, {"rates": [[1, 0.1]]}, "x" * 255, ""):
    with workers.chief_decides() as decision:
        if workers.chief:
            decision.value = value
    assert decision.value == value, value

for error, expected in ((DataError("no images"), DataError), (KeyError("own"), RunError)):
    try:
        with workers.chief_decides():
            if workers.chief:
                raise error
    except Exception as raised:
        assert type(raised) is (type(error) if workers.chief else expected), raised
        told = {DataError: "no images"}.get(expected, "KeyError; its output has more")
        assert workers.chief or str(raised) == "the chief has stopped: " + told, raised
    else:
        raise AssertionError

for failing in (0, 1):
    try:
        with workers.all_succeed():
            if me == failing:
                raise DataError("a folder is empty")
    except DataError as raised:
        named = {0: "the chief has stopped: ", 1: "worker 1 at 127.0.0.1:"}[failing]
        assert me == failing or str(raised).startswith(named), raised
        assert str(raised).endswith("a folder is empty"), raised
    else:
        raise AssertionError
with workers.all_succeed():
    pass

with strategy.scope():
    first = tf.VariableAggregation.ONLY_FIRST_REPLICA
    variables = [tf.Variable([1.5, -2.0]), tf.Variable(7, dtype=tf.int64, aggregation=first)]
for variable in variables:
    variable.assign(variable * (me + 1))
workers.share(variables)
assert variables[0].numpy().tolist() == [1.5, -2.0] and variables[1].numpy() == 7

late = [0.0, 1e9][me]  # the other one is late after its first step
take = make_several(lambda batch: {"loss": tf.cast(batch, tf.float32)}, iter(tf.data.Dataset.range(99)),
                    longest=late, anywhere=workers.anywhere)
assert take(50).steps == 1
workers.each(0)
print("done", flush=True)
"""


def test_two_processes_agree_on_numbers_decisions_errors_and_weights(tmp_path: Path) -> None:
    with started(tmp_path, 2, "-c", TWO) as members:
        codes = [member.end() for member in members]
        said = [member.said for member in members]
    assert codes == [0, 0], said
    assert all("done" in one for one in said)


OTHER_IMAGES = """
import sys
from dcgan_tf.cli import import_tensorflow
import_tensorflow()
from dcgan_tf.config import preset
from dcgan_tf.errors import DataError
from dcgan_tf.training import read_cluster
from dcgan_tf.training.plan import make_plan

me = read_cluster().index
folder = sys.argv[1 + me]
try:
    make_plan(preset("quick", data=folder, image_size=(16, 16), batch_size=2 + 2 * me, run_dir=sys.argv[3]))
except DataError as error:
    print(error, flush=True)
"""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("from /job:worker/task:1: unhealthy: /job:worker/replica:0/task:2", "worker 1 at b:1"),
        ("from remote target /job:worker/replica:0/task:2 while calling: Socket closed", "worker 2 at c:1"),
        ("/job:worker/replica:0/task:0 lost /job:worker/replica:0/task:2", "worker 2 at c:1"),
        ("Connection reset by peer", "worker 2 at c:1"),  # which does not answer any more
    ],
)
def test_whom_tensorflow_names_first_is_the_one_who_is_lost(
    text: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "answers", lambda address: address != "c:1")
    of_three = Cluster(("worker 0", "worker 1", "worker 2"), ("a:1", "b:1", "c:1"), 0)
    assert workers_module._lost(of_three, ValueError(text)) == named


def test_where_nobody_is_named_and_all_answer_it_is_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "answers", lambda address: True)
    of_three = Cluster(("worker 0", "worker 1", "worker 2"), ("a:1", "b:1", "c:1"), 0)
    assert workers_module._lost(of_three, ValueError()) == "another machine"
    assert workers_module._lost(Cluster(("worker 0", "worker 1"), ("a:1", "b:1"), 1), ValueError()) == (
        "worker 0 at a:1"
    )


def test_machines_with_different_images_do_not_train_together(tmp_path: Path) -> None:
    from odd_images import noise

    folders = [tmp_path / name for name in ("a", "b")]
    for seed, folder in enumerate(folders):
        folder.mkdir()
        for number in range(4):
            noise(seed=10 * seed + number).save(folder / f"{number}.png")
    words = ["-c", OTHER_IMAGES, *map(str, folders), str(tmp_path / "run")]
    with started(tmp_path, 2, *words) as members:
        assert [member.end() for member in members] == [0, 0], [member.said for member in members]
        said = [member.said for member in members]
    for one in said:
        assert "those of worker 1 at 127.0.0.1" in one
        assert "differ from the chief's" in one
    # The settings of the chief count.
    assert "the chief has batch_size=2, which counts, and not this worker's 4" in said[1]
    assert DataError.__name__ not in said[0]
