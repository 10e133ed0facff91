"""Write the first section: the newest pictures, with their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dcgan_tf.report.epochs import newest_grid
from dcgan_tf.report.evaluation import UNGUARDED, made_otherwise
from dcgan_tf.report.findings import summary_of
from dcgan_tf.report.formats import EVALUATION
from dcgan_tf.report.markup import number, text
from dcgan_tf.report.reported_run import ReportedRun
from dcgan_tf.runs import Record

MOST_SCORES = 3
"""The most scores of the newest evaluation; its section has the others."""
_REAL, _FORMLESS = "other_real_images", "pixels_without_form"


def glance(run: ReportedRun, titles: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the first section: a picture, the newest evaluation, and the outcomes in a line each.

    Args:
        run: the run.
        titles: titles of the linked sections, by anchor.
        names: names of the analyses.
    """
    lines = [_line("evaluation", "How good are the pictures?", _evaluation(run))]
    if run.diagnosis or run.rollbacks:
        lines.insert(0, _line("curves", "What went wrong?", _diagnosis(run)))
    lines += [
        _line(name, titles[name], text(summary)) for name in names if (summary := summary_of(run, name))
    ]
    picture = newest_grid(run)
    return (
        f'<section id="glance"><h2>At a glance</h2><div class="{"hero" if picture else ""}">{picture}'
        f'<ul class="glance">{"".join(lines)}</ul></div></section>'
    )


def _line(anchor: str, title: str, said: str) -> str:
    return f'<li><a href="#{text(anchor)}">{text(title)}</a> {said}</li>'


def _diagnosis(run: ReportedRun) -> str:
    found = [
        f"{back.get('title', '?')} (back from step {back.get('from_step', 0):,} to {back['to_step']:,})"
        for back in run.rollbacks
    ]
    found += [f"{record.get('title', '?')} (from step {record['step']:,} on)" for record in run.diagnosis]
    return f'<span class="warning">{text(", ".join(found))}</span>'


def _evaluation(run: ReportedRun) -> str:
    """Return the first scores of the newest evaluation between their ends, with its warnings.

    Those of one class, on other data or of the raw weights come only if there are no others.
    """
    records = run.read_lines(run.paths.metrics, EVALUATION)
    if not records:
        return f"Not evaluated yet: <code>{text(run.command('evaluate'))}</code>"
    of_its_own = [record for record in records if not made_otherwise(record, run)]
    newest = (of_its_own or records)[-1]
    listed = "; ".join(_scores(newest)[:MOST_SCORES])
    warnings = "".join(
        f'<span class="warning">{text(warning)}</span>' for warning in newest.get("warnings") or []
    )
    step = newest.get("step")
    place = [] if step is None or step == run.step else [f"of step {step:,}"]
    notes = ", ".join([*place, *made_otherwise(newest, run)])
    return f"{listed or 'No scores are recorded'}{text(f' ({notes})' if notes else '')}.{warnings}"


def _scores(record: Record) -> list[str]:
    """Return a text for each score, without unguarded ones, which may rank noise above photographs."""
    return [
        _score(name, value)
        for name, value in record.items()
        if isinstance(value, dict) and "value" in value and name not in UNGUARDED
    ]


def _score(key: str, score: dict[str, Any]) -> str:
    ends = [
        f"{words} {number(score[end])}"
        for end, words in ((_REAL, "other real images"), (_FORMLESS, "pixels without form"))
        if end in score
    ]
    beside = f" ({', '.join(ends)})" if ends else ""
    name = score.get("name") or key.replace("_", " ")
    return f"{text(name)} <strong>{text(number(score['value']))}</strong>{text(beside)}"
