"""Write the page: all sections, in the order of a reader's questions, in one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from dcgan_tf import __version__
from dcgan_tf.files import write_text
from dcgan_tf.report.curves import curves_section
from dcgan_tf.report.epochs import epochs_section
from dcgan_tf.report.evaluation import evaluation_section
from dcgan_tf.report.exports import export_section, find_exports
from dcgan_tf.report.findings import finding_section, findings_of
from dcgan_tf.report.glance import glance
from dcgan_tf.report.markup import text
from dcgan_tf.report.reported_run import ReportedRun, Section
from dcgan_tf.report.settings import settings_section


def write_report(
    run: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    exports: Sequence[str | os.PathLike[str]] | None = None,
) -> Path:
    """Write a run's report: one HTML file with everything in it, which needs no network.

    The same files give the same page. Large pictures are reduced to the size at which they are shown.

    Args:
        run: the run directory.
        out: the file; None is RUN/report.html.
        exports: folders of exports of this run; None looks for them in saved_models/.

    Returns:
        The file.

    Raises:
        RunError: if the folder is not a run.
    """
    reported = ReportedRun(Path(run))
    target = reported.paths.report if out is None else Path(out)
    found = find_exports(reported) if exports is None else [Path(folder) for folder in exports]
    write_text(target, page(reported, found))
    return target


def page(reported: ReportedRun, exports: Sequence[Path]) -> str:
    """Return the page."""
    head = _introduction(reported)  # first: of a folder that is no run, it says so
    names = findings_of(reported)
    sections = [
        epochs_section(reported),
        evaluation_section(reported),
        *(finding_section(reported, name) for name in names),
        curves_section(reported),
        export_section(reported, exports),
        settings_section(reported),
    ]
    template = Template((files("dcgan_tf.report") / "template.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=text(f"{reported.name}: report"),
        contents="".join(_entry(section) for section in sections),
        head=head,
        glance=glance(reported, {section.anchor: section.title for section in sections}, names),
        problems=_problems(reported),
        sections="".join(section.html for section in sections),
        version=text(__version__),
        run=text(reported.root),
    )


def _introduction(run: ReportedRun) -> str:
    """Return the head of the page: the run in a sentence."""
    config = run.config
    kind = {
        "dcgan": "deep convolutional generative adversarial network (DCGAN)",
        "gan": "generative adversarial network (GAN) of fully connected layers",
    }[config.model.architecture]
    count = f"{run.data['num_images']:,} " if run.data.get("num_images") else ""
    return (
        f'<h1>{text(run.name)}</h1><p class="lead">A {kind} that learnt to draw from {count}pictures of '
        f"<em>{text(run.data_name)}</em>. Each number is shown beside that of chance or of a simpler "
        "method.</p>"
    )


def _entry(section: Section) -> str:
    kind = "" if section.present else ' class="absent"'
    return f'<li{kind}><a href="#{text(section.anchor)}">{text(section.title)}</a></li>'


def _problems(reported: ReportedRun) -> str:
    """Return a section with the files of the run that cannot be used."""
    if not reported.problems:
        return ""
    listed = "".join(f'<p class="warning">{text(problem)}</p>' for problem in reported.problems)
    return f'<section id="problems"><h2>Files that cannot be used</h2>{listed}</section>'
