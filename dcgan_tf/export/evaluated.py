"""What `dcgan-tf evaluate` has measured of exactly the exported weights, for the record and the card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dcgan_tf.printable import printable
from dcgan_tf.runs import RunPaths, read_records

if TYPE_CHECKING:
    from dcgan_tf.runs import Run

_METRICS = ("frechet_distance", "kernel_distance_x1000", "guarded_precision", "recall", "coverage")
"""What a card shows: how like real images the samples are, and how much of them is drawn."""
_PROTOCOL = {"space": str, "reference": str, "real_images": str, "generated_images": int, "seed": int}
_ENDS = ("other_real_images", "pixels_without_form")

_SECTION = """
## Evaluation

| metric | these samples | other real images | pixels without form |
|---|---|---|---|
{rows}

{generated_images:,} samples of seed {seed}, compared with {reference}, in the features of: {space}. The other
real images are {real_images}. Compare these numbers only with others of the same protocol, and read them
between the two columns on their right. ± is one standard error. `dcgan-tf evaluate` measures them.
"""


def evaluated(run: Run) -> dict[str, Any] | None:
    """Return the newest evaluation of the run's weights, against its own training data and of all classes.

    Args:
        run: the opened run.

    Returns:
        {"protocol": facts, "metrics": {key: name, value, error and the scores of both ends}}, in types that
        JSON can hold; None if these weights have not been evaluated so.
    """
    for record in reversed(read_records(RunPaths(run.path).metrics)):
        protocol = record.get("protocol")
        if record.get("step") != run.step or not isinstance(protocol, dict) or "class" in protocol:
            continue
        own = protocol.get("own_images", protocol.get("against") == run.config.data.spec)
        if own is not True or protocol.get("generator") != run.weights:
            continue
        metrics = {key: found for key in _METRICS if (found := _checked(record.get(key)))}
        if metrics and all(type(protocol.get(name)) is kind for name, kind in _PROTOCOL.items()):
            return {"protocol": {name: _shown(protocol[name]) for name in _PROTOCOL}, "metrics": metrics}
    return None


def evaluation_section(record: Mapping[str, Any]) -> str:
    """Return the section of the card, or nothing if the export has not been evaluated.

    Args:
        record: the content of export.json.
    """
    found = record.get("evaluated")
    if not found:
        return ""
    rows = []
    for metric in found["metrics"].values():
        error = f" ± {metric['error']:.2g}" if metric["error"] is not None else ""
        ends = " | ".join(_number(metric[end]) for end in _ENDS)
        rows.append(f"| {metric['name']} | {_number(metric['value'])}{error} | {ends} |")
    return _SECTION.format(rows="\n".join(rows), **found["protocol"])


def model_index(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the evaluation in the form that the Hub reads, "model-index"; empty without one.

    Args:
        record: the content of export.json.
    """
    found, model = record.get("evaluated"), record["model"]
    if not found:
        return []
    protocol = found["protocol"]
    metrics = [
        {"type": key, "name": f"{metric['name']} ({protocol['space']})", "value": metric["value"]}
        for key, metric in found["metrics"].items()
    ]
    result = {
        "task": {"type": "unconditional-image-generation"},
        "dataset": {"type": model["data"], "name": model["data"], "args": protocol},
        "metrics": metrics,
    }
    return [{"name": model["name"], "results": [result]}]


def _checked(metric: object) -> dict[str, Any] | None:
    """Return what a card needs of a metric, or None if it is not as an evaluation writes it."""
    if not isinstance(metric, dict) or not isinstance(metric.get("name"), str):
        return None
    numbers = {name: metric.get(name) for name in ("value", "error", *_ENDS)}
    finite = {name: _is_finite(number) for name, number in numbers.items()}
    if not all(finite[name] for name in ("value", *_ENDS)):
        return None
    error = numbers["error"] if finite["error"] else None
    return {"name": _shown(metric["name"]), **numbers, "error": error}


def _is_finite(number: object) -> bool:
    """Return whether it is a number that a float can hold; JSON has integers of any length."""
    try:
        return type(number) in (int, float) and math.isfinite(number)  # type: ignore[arg-type]
    except OverflowError:
        return False


def _shown(fact: str | int) -> str | int:
    return printable(fact).replace("|", "/") if isinstance(fact, str) else fact


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
