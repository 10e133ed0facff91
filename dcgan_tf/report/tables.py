"""Write the sections on evaluations (metrics.jsonl) and on exported files (export.json)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dcgan_tf.report.formats import EVALUATION, EXPORT
from dcgan_tf.report.markup import NOTHING, facts, fold, number, plain, table, text
from dcgan_tf.report.page import ReportedRun, Section
from dcgan_tf.runs import Record

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
    headings = ["metric", *map(_heading, records)]
    for end in ENDS:
        if values := _end(records[-1], end):
            graded.append(values)
            headings.append(end.replace("_", " "))
    names = list(dict.fromkeys(name for values in graded for name in values))
    rows = [[text(name), *(_cell(values.get(name)) for values in graded)] for name in names]
    body = (
        "<p>Grades of the generator's pictures, the newest on the right. Look for the direction over time; "
        "numbers are comparable only if the whole protocol is the same. Read them between the scores of "
        "other real images and those of control pictures; ± is one standard error.</p>"
        + "".join(f'<p class="warning">{text(plain(said))}</p>' for said in records[-1].get("warnings") or [])
        + table(headings, rows, numbers=list(range(1, len(headings))))
        + "".join(_protocol_of(record) for record in records)
    )
    return Section("evaluation", title, body)


def export_section(run: ReportedRun, exports: Sequence[Path]) -> Section:
    """Return the section on exports of this run.

    Args:
        run: the run.
        exports: export folders, each with an export.json.
    """
    title = "Exported files"
    records = [(folder, run.read(folder / "export.json", EXPORT)) for folder in exports]
    found = [(folder, record) for folder, record in records if record is not None]
    if not found:
        command = run.command("export")
        body = f'<p class="missing">Not exported yet: <code>{text(command)}</code></p>'
        return Section("export", title, body, present=False)
    body = (
        "<p>The generator as files that draw without this library: on a phone, on a server, in a browser. "
        "Look for small files whose largest difference from the trained generator, in units of [-1, 1], "
        "cannot be seen: 0.008 is one of 256 levels.</p>"
        + "".join(_export(folder, record) for folder, record in found)
    )
    return Section("export", title, body)


def belongs(record: Any, run: ReportedRun) -> bool:
    """Return whether an export.json seems to belong to this run.

    Args:
        record: content of export.json.
        run: the run.
    """
    model = record.get("model") if isinstance(record, dict) else None
    if not isinstance(model, dict):
        return False
    config = run.config
    ours = {
        "run": run.name,
        "data": run.data_name,
        "image_shape": [*config.data.image_size, config.data.channels],
        "architecture": config.model.architecture,
        "latent_dim": config.model.latent_dim,
        "seed": config.training.seed,
    }
    step = model.get("step") or 0
    alike = all(model.get(name) == value for name, value in ours.items())
    return alike and isinstance(step, int) and step <= run.step


def _export(folder: Path, record: dict[str, Any]) -> str:
    artefacts = record.get("artefacts") or {}
    timed = any("milliseconds" in artefact for artefact in artefacts.values())
    headings = ["file", "size", "largest difference", "mean PSNR", "worst image"]
    headings += ["one image, 1 thread", "Keras' own conversion"] if timed else []
    rows = []
    for name, artefact in artefacts.items():
        difference = artefact.get("max_abs")
        row = [
            f"<code>{text(name)}</code>",
            text(_size(artefact.get("bytes"))),
            text(NOTHING if difference is None else f"{difference:.1g}"),
            *(text(_decibels(artefact, key)) for key in ("psnr_mean_db", "psnr_worst_db")),
        ]
        if timed:
            times = ((artefact.get(key) or {}).get("1") for key in ("milliseconds", "naive_milliseconds"))
            row += [text(f"{ms:.2f} ms") if ms else NOTHING for ms in times]
        rows.append(row)
    model = record.get("model") or {}
    protocol = {
        "step": model.get("step"),
        "compared on": "64 fixed latents, with what the trained generator draws; rounding to 8 bits is not "
        "counted",
        "measured on": record.get("measured_on", {}),
        "trained by": record.get("trained_by"),
        "dcgan_tf": model.get("dcgan_tf"),
        "in full": folder / "export.json",
    }
    right = list(range(1, len(headings)))
    return (
        f"<h3>{text(folder)}</h3>"
        + table(headings, rows, numbers=right)
        + fold("How this was measured", facts(protocol))
    )


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


def _heading(record: Record) -> str:
    """Return the step of an evaluation, and the class if it is about a single one."""
    protocol = record.get("protocol")
    label = protocol.get("class") if isinstance(protocol, dict) else None
    return f"step {plain(record.get('step', '?'))}" + ("" if label is None else f", class {plain(label)}")


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


def _size(count: int | None) -> str:
    if count is None:
        return NOTHING
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _decibels(artefact: dict[str, Any], key: str) -> str:
    if key not in artefact:
        return NOTHING
    return "equal" if artefact[key] is None else f"{artefact[key]:.1f} dB"
