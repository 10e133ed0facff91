"""Write the section of one analysis: text, figure, numbers beside their controls, and protocol."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from dcgan_tf.analysis import Analysis, FindingKind, KnownData, finding_kinds
from dcgan_tf.errors import RunError
from dcgan_tf.report.formats import RESULT as RESULT_FORMAT
from dcgan_tf.report.markup import NOTHING, facts, fold, number, plain, table, text
from dcgan_tf.report.pictures import MEDIA_TYPES
from dcgan_tf.report.reported_run import ReportedRun, Section
from dcgan_tf.runs import standing

RESULT, FIGURE = "result.json", "figure"
MOST_COLUMNS = 3
"""More kinds of controls than this share one column of the table."""
MOST_ROWS = 8
"""Further rows of the table are folded."""


def findings_of(run: ReportedRun) -> list[str]:
    """Return the names of all findings: the known ones in the report's order, then others.

    A finding that replaces another is not named by itself.
    """
    folder = run.paths.analysis("any").parent
    found = sorted(path.parent.name for path in folder.glob(f"*/{RESULT}"))
    known = list(finding_kinds())
    shown = {folder_of(run, name).name for name in known}
    return [*known, *(name for name in found if name not in known and name not in shown)]


def folder_of(run: ReportedRun, name: str) -> Path:
    """Return the folder of an analysis, or of the one that replaces it if it is missing."""
    folder, instead = run.paths.analysis(name), kind_of(name).instead
    if instead and not (folder / RESULT).exists():
        other = run.paths.analysis(instead)
        return other if (other / RESULT).exists() else folder
    return folder


def finding_section(run: ReportedRun, name: str) -> Section:
    """Return the section of an analysis, or a line with the command that makes it."""
    kind = kind_of(name)
    folder = folder_of(run, name)
    result = run.read(folder / RESULT, RESULT_FORMAT)
    if result is None:
        return Section(name, kind.title, _absent(run, kind), present=False)
    summary = f'<p class="outcome">{text(result["summary"])}</p>' if result.get("summary") else ""
    body = (
        f"<p>{text(kind.see)} {text(kind.look_for)}</p>"
        + summary
        + _warnings(run, result)
        + _pictures(run, folder, result, kind)
        + _measures(result)
        + _protocol(folder, result)
        + _further(folder, kind)
    )
    return Section(name, kind.title, body)


def summary_of(run: ReportedRun, name: str) -> str:
    """Return the outcome of an analysis in one line, or ""."""
    result = run.read(folder_of(run, name) / RESULT, RESULT_FORMAT) or {}
    return str(result.get("summary") or "")


def kind_of(name: str) -> FindingKind:
    """Return the description of a finding, or a general one if it is unknown."""
    if name in finding_kinds():
        return finding_kinds()[name][0]
    return FindingKind(
        name,
        name.replace("_", " ").capitalize(),
        "Another analysis of the run made this picture.",
        "Compare each number with those beside it.",
    )


def _absent(run: ReportedRun, kind: FindingKind) -> str:
    """Return a line that says which command makes a missing finding."""
    if kind.convolutional and run.config.model.architecture == "gan":
        return '<p class="missing">Needs convolutional layers; this run is a fully connected GAN.</p>'
    known = KnownData.of(run.data, spec=run.config.data.spec)
    analysis: Analysis = finding_kinds()[kind.name][1]
    try:
        options = analysis.suggestion(kind, known)
    except RunError as reason:
        return f'<p class="missing">This run cannot have it: {text(reason)}.</p>'
    if run.config.model.conditional and not kind.of_all_classes and known.classes:
        options = f"{options} {shlex.join(['--label', known.classes[0]])}".strip()
    there = (run.paths.analysis(kind.name) / RESULT).exists()
    said = "The result cannot be used; this command makes it again" if there else "Not made yet"
    if condition := kind.condition(known):
        said = f"{said}; this is possible if {condition}"
    return f'<p class="missing">{said}: <code>{text(run.command(analysis.name, options))}</code></p>'


def _warnings(run: ReportedRun, result: dict[str, Any]) -> str:
    warnings = list(result.get("warnings") or [])
    step = (result.get("protocol") or {}).get("step")
    if isinstance(step, int) and run.step and step != run.step:
        which = f" ({known})" if (known := standing(run.paths, step)) else ""
        warnings.append(f"measured at step {step:,}{which}; the run has reached step {run.step:,}")
    return "".join(f'<p class="warning">{text(warning)}</p>' for warning in warnings)


def _pictures(run: ReportedRun, folder: Path, result: dict[str, Any], kind: FindingKind) -> str:
    """Return the figure, animations and names of other files; names that lead elsewhere are not read."""
    shown: list[str] = []
    others: list[str] = []
    for name in result.get("files") or []:
        path = folder / name
        if Path(name).name != name or "\0" in name or not path.is_file():
            continue
        if path.stem == FIGURE and path.suffix in MEDIA_TYPES:
            shown.append(run.figure(path, alt=kind.title))
        elif path.suffix == ".gif":
            caption = "the same, moving"
            shown.append(run.figure(path, alt=f"{kind.title}, moving", caption=caption))
        else:
            others.append(name)
    missing = "" if any(shown) else '<p class="warning">The figure is missing.</p>'
    listed = f'<p class="files">Also in {text(folder)}: {text(", ".join(others))}</p>' if others else ""
    return missing + "".join(shown) + listed


def _measures(result: dict[str, Any]) -> str:
    measures = list(result.get("measures") or [])
    if not measures:
        return ""
    kinds = list(dict.fromkeys(name for measure in measures for name in measure.get("controls") or {}))
    shown = measure_table(measures[:MOST_ROWS], kinds)
    if more := measures[MOST_ROWS:]:
        shown += fold(f"{len(more)} more number{'s' * (len(more) > 1)}", measure_table(more, kinds))
    return shown


def measure_table(measures: list[dict[str, Any]], kinds: list[str]) -> str:
    """Return a table of numbers beside those of their controls.

    Args:
        measures: measures from result.json.
        kinds: names of all their controls.
    """
    apart = 0 < len(kinds) <= MOST_COLUMNS
    headings = ["what", "this run", *(kinds if apart else ["compared with"] * bool(kinds)), "meaning"]
    rows, before = [], None
    for measure in measures:
        controls, unit = measure.get("controls") or {}, measure.get("unit") or ""
        values = {name: text(number(value, unit)) for name, value in controls.items()}
        if apart:
            cells = [values.get(name, NOTHING) for name in kinds]
        else:
            listed = "".join(
                f"<li><span>{text(name)}</span> <b>{value}</b></li>" for name, value in values.items()
            )
            cells = [f'<ul class="controls">{listed}</ul>'] * bool(kinds)
        value = f"<strong>{text(number(measure.get('value'), unit))}</strong>"
        meaning = measure.get("meaning") or ""
        rows.append([_name(measure), value, *cells, "as above" if meaning == before else text(meaning)])
        before = meaning
    right = range(1, len(headings) - 1) if apart else (1,)
    return table(headings, rows, numbers=list(right))


def _name(measure: dict[str, Any]) -> str:
    """Return the measure's name, with its unit if numbers and name do not show it."""
    name, unit = measure.get("name") or "", measure.get("unit") or ""
    is_clear = unit in ("", "share", "ratio", "count") or unit in name
    return text(name) + ("" if is_clear else f" <small>({text(unit)})</small>")


def _protocol(folder: Path, result: dict[str, Any]) -> str:
    protocol = result.get("protocol")
    if not isinstance(protocol, dict) or not protocol:
        return '<p class="warning">How this was measured is not recorded.</p>'
    entries = {name: plain(value) for name, value in protocol.items()}
    return fold("How this was measured", facts({**entries, "in full": folder / RESULT}))


def _further(folder: Path, kind: FindingKind) -> str:
    if not kind.further:
        return ""
    command = kind.further.format(folder=shlex.quote(str(folder)))
    return f'<p class="files">To look around in it: <code>{text(command)}</code></p>'
