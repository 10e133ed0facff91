"""The page itself: the sections in the order in which the questions come up, in one file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from dcgan_tf import __version__
from dcgan_tf.files import write_text
from dcgan_tf.report.findings import finding_section, findings_of
from dcgan_tf.report.formats import EXPORT
from dcgan_tf.report.glance import glance
from dcgan_tf.report.markup import text
from dcgan_tf.report.overview import curves_section, epochs_section, introduction, settings_section
from dcgan_tf.report.page import Section, Subject
from dcgan_tf.report.reading import read
from dcgan_tf.report.tables import belongs, evaluation_section, export_section


def write_report(run: Path, *, out: Path | None = None, exports: Sequence[Path] | None = None) -> Path:
    """Write a run's report: one HTML file with everything in it, which needs no network.

    The same files give the same page. Large pictures are packed anew, no larger than they are shown.

    Args:
        run: the run directory.
        out: the file; None is RUN/report.html.
        exports: folders of exports of this run; None looks for them in saved_models/.

    Returns:
        The file.

    Raises:
        RunError: if the folder is not a run.
    """
    subject = Subject(run)
    target = out or subject.paths.report
    write_text(target, page(subject, find_exports(subject) if exports is None else exports))
    return target


def page(subject: Subject, exports: Sequence[Path]) -> str:
    """Return the page."""
    head = introduction(subject)  # first: of a folder that is no run, it says so
    names = findings_of(subject)
    sections = [
        epochs_section(subject),
        evaluation_section(subject),
        *(finding_section(subject, name) for name in names),
        curves_section(subject),
        export_section(subject, exports),
        settings_section(subject),
    ]
    template = Template((files("dcgan_tf.report") / "template.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=text(f"{subject.name}: report"),
        contents="".join(_entry(section) for section in sections),
        head=head,
        glance=glance(subject, {section.anchor: section.title for section in sections}, names),
        problems=_problems(subject),
        sections="".join(section.html for section in sections),
        version=text(__version__),
        run=text(subject.root),
    )


def find_exports(subject: Subject) -> list[Path]:
    """Return the exports of a run in saved_models/, here and beside the folder that the run stands in."""
    places = dict.fromkeys(
        place.resolve()
        for place in (Path("saved_models"), subject.root.resolve().parent.parent / "saved_models")
    )
    found = sorted(record.parent for place in places for record in place.glob("*/export.json"))
    mine = [folder for folder in found if belongs(read(folder / "export.json", EXPORT)[0], subject)]
    here = Path.cwd()
    return [folder.relative_to(here) if folder.is_relative_to(here) else folder for folder in mine]


def _entry(section: Section) -> str:
    kind = "" if section.present else ' class="absent"'
    return f'<li{kind}><a href="#{text(section.anchor)}">{text(section.title)}</a></li>'


def _problems(subject: Subject) -> str:
    """Return what could not be used of the run's files, each by its name."""
    if not subject.problems:
        return ""
    listed = "".join(f'<p class="warning">{text(problem)}</p>' for problem in subject.problems)
    return f'<section id="problems"><h2>Files that cannot be used</h2>{listed}</section>'
