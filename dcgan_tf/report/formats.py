"""The expected content of a run's files, as far as the report reads them."""

from __future__ import annotations

from typing import Any

from dcgan_tf.report.reading import Check, anything, count, each, named, needing, number, record, string

DATA: Check = record(
    name=string,
    num_images=count,
    attribute_names=each(string),
    binary_attributes=each(string),
    label_names=each(string),
    num_unseen=count,
)
"""data.json."""

STARTS: Check = each(record(first_step=count, command=each(anything)))
"""environment.json."""

CHOICE: Check = record(preset=string, about=string, lines=each(each(string)), notes=each(string))
"""choice.json, of a run whose settings were chosen for its data."""

ORIGIN: Check = record(run=string, checkpoint=count)
"""origin.json, of a run that began with the networks of another one."""

STATS: Check = needing(
    "step",
    record(
        step=count,
        epoch=number,
        discriminator_loss=number,
        generator_loss=number,
        real_probability=number,
        fake_probability=number,
    ),
)
"""A line of stats.jsonl."""

DIAGNOSIS: Check = needing("step", record(step=count, title=string, seen=string, advice=string))
"""A line of diagnosis.jsonl."""

ROLLBACKS: Check = each(
    needing("to_step", record(from_step=count, to_step=count, title=string, seen=string, advice=string))
)
"""The content of rollbacks.json."""

DISTANCES: Check = needing("step", record(step=count, pyramid_distance=number))
"""A line of distances.jsonl."""


def _evaluation(value: Any, where: str) -> None:
    record(step=count, warnings=each(string))(value, where)
    for name, inner in value.items():
        _names_are_texts(inner, f"{where}.{name}")


def _names_are_texts(value: Any, where: str) -> None:
    if isinstance(value, dict):
        string(value.get("name"), f"{where}.name")
        for name, inner in value.items():
            _names_are_texts(inner, f"{where}.{name}")


EVALUATION: Check = _evaluation
"""A line of metrics.jsonl."""

RESULT: Check = record(
    summary=string,
    protocol=named(anything),
    measures=each(
        record(name=string, value=number, unit=string, controls=named(number), meaning=string),
    ),
    warnings=each(string),
    files=each(string),
)
"""result.json of an analysis."""

EXPORT: Check = record(
    model=record(step=count),
    artefacts=named(
        record(
            bytes=count,
            max_abs=number,
            psnr_mean_db=number,
            psnr_worst_db=number,
            milliseconds=named(number),
            naive_milliseconds=named(number),
        )
    ),
)
"""export.json."""
