"""Which evaluation of a run belongs to an export: that of the same weights, whole, against its own data."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from dcgan_tf.export.evaluated import evaluated, evaluation_section, model_index

METRIC = {"name": "recall", "value": 0.5, "error": 0.01, "other_real_images": 0.9, "pixels_without_form": 0.0}


@pytest.fixture
def own(run, tmp_path):
    """Return a function from lines of metrics.jsonl to a run that has them."""
    shutil.copytree(run.path, tmp_path / "own")

    def make(*records):
        lines = (json.dumps(record) + "\n" for record in records)
        (tmp_path / "own" / "metrics.jsonl").write_text("".join(lines))
        return replace(run, path=tmp_path / "own")

    return make


@pytest.fixture
def record_of(run):
    """Return a function from changes of the protocol to a line of metrics.jsonl."""

    def make(*, step=run.step, metric=METRIC, **changes):
        protocol = {"source": "/home/jane/run", "space": "a classifier", "reference": "all", "seed": 0}
        protocol |= {"real_images": "others", "generated_images": 100, "against": run.config.data.spec}
        protocol |= {"generator": run.weights, **changes}
        return {"step": step, "recall": metric, "protocol": protocol}

    return make


def test_the_newest_of_the_same_weights_counts(own, record_of, run):
    lines = (record_of(seed=1), record_of(seed=2), record_of(seed=3, step=run.step + 1))
    found = evaluated(own(*lines))
    assert found["protocol"]["seed"] == 2
    assert found["metrics"] == {"recall": METRIC}
    assert "jane" not in json.dumps(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"step": 1},
        {"class": "7"},
        {"against": "tfds:mnist"},
        {"generator": "raw weights"},
        {"space": None},
        {"metric": 5},
        {"metric": {**METRIC, "value": None}},
        {"metric": {**METRIC, "other_real_images": "many"}},
        {"metric": {**METRIC, "value": 10**400}},
        {"metric": {**METRIC, "value": True}},
        {"generated_images": "many"},
        {"seed": [0]},
        {"reference": 5},
    ],
)
def test_others_do_not_count(own, record_of, changes):
    assert evaluated(own(record_of())) is not None
    assert evaluated(own(record_of(**changes))) is None


def test_own_images_count_where_they_are_now_and_another_split_of_the_data_does_not(own, record_of):
    own_images = record_of(against="/new/place", own_images=True, seed=1)
    another_split = record_of(own_images=False, seed=2)
    assert evaluated(own(own_images, another_split))["protocol"]["seed"] == 1
    assert evaluated(own(another_split)) is None
    assert evaluated(own(record_of(own_images="yes"))) is None


def test_an_error_of_any_length_is_unknown(own, record_of):
    found = evaluated(own(record_of(metric={**METRIC, "error": 10**400})))
    assert found["metrics"]["recall"]["error"] is None


def test_no_name_breaks_the_table(own, record_of):
    found = evaluated(own(record_of(metric={**METRIC, "name": "re|call\n"})))
    (row,) = [line for line in evaluation_section({"evaluated": found}).splitlines() if "0.5" in line]
    assert row.count("|") == 5


def test_a_run_without_evaluations(own):
    assert evaluated(own()) is None
    assert evaluation_section({}) == ""
    assert model_index({"model": {}}) == []


def test_an_error_may_be_unknown(own, record_of):
    found = evaluated(own(record_of(metric={**METRIC, "error": None})))
    assert "| recall | 0.5 | 0.9 | 0 |" in evaluation_section({"evaluated": found})


def test_an_export_has_it(own, record_of, tmp_path, untimed):
    from dcgan_tf.export import export_run

    with untimed():
        folder = export_run(own(record_of()), to=tmp_path / "export", formats=("keras",))
    assert json.loads((folder / "export.json").read_text())["evaluated"]["metrics"] == {"recall": METRIC}
    assert "| recall | 0.5 ± 0.01 | 0.9 | 0 |" in (folder / "MODEL_CARD.md").read_text()
