"""Write the section on evaluations (metrics.jsonl)."""

from __future__ import annotations

from typing import Any

from dcgan_tf.report.formats import EVALUATION
from dcgan_tf.report.markup import facts, fold, number, plain, table, text
from dcgan_tf.report.reported_run import ReportedRun, Section
from dcgan_tf.runs import RAW_WEIGHTS, Record, standing

MOST_EVALUATIONS = 5
"""The most evaluations in the table; the newest are shown."""
ENDS = (
    "other_real_images",
    "blurred_real_images",
    "pixels_without_form",
    "untrained_generator",
    "random_pixels",
)
"""The ends of the newest evaluation's scales: scores of real images and of control pictures."""
UNGUARDED = ("precision", "density")
"""The metrics without a guard, which may rank control pictures above photographs."""


def evaluation_section(run: ReportedRun) -> Section:
    """Return the section on metrics.jsonl, the newest evaluations side by side."""
    title = "Evaluation"
    records = run.read_lines(run.paths.metrics, EVALUATION)[-MOST_EVALUATIONS:]
    if not records:
        command = run.command("evaluate")
        body = f'<p class="missing">Not evaluated yet: <code>{text(command)}</code></p>'
        return Section("evaluation", title, body, present=False)
    graded = [
        _flat({k: v for k, v in r.items() if k not in ("protocol", "step", "warnings")}) for r in records
    ]
    headings = ["metric", *(_heading(record, run) for record in records)]
    for end in ENDS:
        if values := _end(records[-1], end):
            graded.append(values)
            headings.append(end.replace("_", " "))
    names = list(dict.fromkeys(name for values in graded for name in values))
    rows = [[text(name), *(_cell(values.get(name)) for values in graded)] for name in names]
    body = (
        "<p>Scores of the generator's pictures, the newest on the right. Look for the direction over time; "
        "numbers are comparable only if the whole protocol is the same. Read them between the scores of "
        "other real images and those of control pictures; ± is one standard error.</p>"
        + "".join(f'<p class="warning">{text(plain(said))}</p>' for said in records[-1].get("warnings") or [])
        + table(headings, rows, numbers=list(range(1, len(headings))))
        + "".join(_protocol_of(record) for record in records)
    )
    return Section("evaluation", title, body)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested objects as one, with names joined by spaces."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix} {name}".strip().replace("_", " ")
        if isinstance(value, dict):
            flat |= {_name(key, value): _measured(value)} if "value" in value else _flat(value, key)
        else:
            flat[key] = value
    return flat


def _name(key: str, metric: dict[str, Any]) -> str:
    name = str(metric.get("name", key))
    return f"{name}, not guarded: not useful alone" if key in UNGUARDED else name


def _measured(metric: dict[str, Any]) -> Any:
    """Return a metric's value, with its error if it is known."""
    value, error = metric["value"], metric.get("error")
    if not isinstance(value, int | float) or not isinstance(error, int | float):
        return value
    return f"{number(value)} ± {error:.2g}"


def _heading(record: Record, run: ReportedRun) -> str:
    """Return the step of an evaluation, whether it is the best or the last, and what else it was made of."""
    step = record.get("step", "?")
    which = standing(run.paths, step) if isinstance(step, int) else ""
    return ", ".join(filter(None, [f"step {plain(step)}", which, *made_otherwise(record, run)]))


def made_otherwise(record: Record, run: ReportedRun) -> list[str]:
    """Return how an evaluation differs from that of the run's generator on its own data, in a few words."""
    protocol = record.get("protocol")
    if not isinstance(protocol, dict):
        return []
    label, against, weights = (protocol.get(name) for name in ("class", "against", "generator"))
    # Records of early versions do not say whose images they were; the run's own may have been moved since.
    own = protocol.get("own_images", against in (None, run.config.data.spec))
    return [
        *([] if label is None else [f"class {plain(label)}"]),
        *([] if own else [f"against {plain(against)}"]),
        *([RAW_WEIGHTS] if weights == RAW_WEIGHTS and run.config.training.averages else []),
    ]


def _end(record: Record, end: str) -> dict[str, Any]:
    """Return {metric: its value at one end of its scale} for metrics that have it."""
    metrics = {name: value for name, value in record.items() if isinstance(value, dict) and "value" in value}
    return {
        _name(name.replace("_", " "), value): value[end] for name, value in metrics.items() if end in value
    }


def _cell(value: Any) -> str:
    measured = isinstance(value, int | float) and not isinstance(value, bool)
    return text(number(value) if measured or value is None else plain(value))


def _protocol_of(record: Record) -> str:
    step = plain(record.get("step", "?"))
    protocol = record.get("protocol")
    if not isinstance(protocol, dict):
        return f'<p class="warning">How step {text(step)} was measured is not recorded.</p>'
    return fold(f"How step {step} was measured", facts(protocol))
