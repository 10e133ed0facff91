"""The commands of the analyses: what is said of a result that replaces another, or that no page takes."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

from dcgan_tf.analysis import Analysis, FindingKind
from dcgan_tf.analysis.finding import Finding
from dcgan_tf.cli.analyses import command_of
from dcgan_tf.errors import RunError
from dcgan_tf.runs import RunPaths


def run_command(described: Analysis, *words: object) -> Result:
    return CliRunner().invoke(command_of(described), [str(word) for word in words])


@pytest.fixture
def said(trained, tmp_path, monkeypatch):
    """Return a function: the notes when a finding with a summary and one more file is saved."""
    place = tmp_path / "analysis"
    monkeypatch.setattr(RunPaths, "analysis", lambda self, name: place / name)

    def make(summary: str, file: str, *words: str) -> str:
        def found(run, **_) -> Finding:
            files = {file: lambda path: path.write_text("{}")}
            return Finding("turn", summary, {}, (), Figure(), files=files)

        described = Analysis("turn", 1, "Turn.", "Turn.", 4, "Take these.", make=found, findings=())
        done = CliRunner().invoke(command_of(described), [str(trained), *words])
        assert done.exit_code == 0, done.output
        return done.stderr

    return make


def test_what_is_replaced_is_said(said):
    assert "replaces" not in said("first", "walk.gif")
    assert "note: this replaces an earlier result (--out keeps both): first\n" in said("second", "walk.gif")


def test_a_page_takes_nothing_from_elsewhere(said, trained, tmp_path):
    only = f"a page takes only what lies in {trained / 'analysis'}"
    assert only not in said("first", "directions.json")
    again = said("second", "directions.json")
    assert f"note: this replaces an earlier result (--out keeps both; {only}): first\n" in again
    assert f"note: {only}\n" in said("third", "directions.json", "--out", str(tmp_path / "other"))
    assert only not in said("third", "walk.gif", "--out", str(tmp_path / "another"))


@pytest.fixture
def described() -> Analysis:
    """Return an analysis whose finding is empty."""
    kinds = (FindingKind("turn", "Turn", "", "", instead="turn-by-hand"),)
    return Analysis(
        "turn",
        1,
        "Turn.",
        "Turn.",
        4,
        "Take these.",
        make=lambda run, **_: Finding("turn", "turned", {}, (), Figure()),
        findings=kinds,
    )


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Put the analyses of the trained run elsewhere."""
    monkeypatch.setattr(RunPaths, "analysis", lambda self, name: tmp_path / "analysis" / name)
    return tmp_path / "analysis"


@pytest.mark.parametrize("name", [".", "turn", "turn-by-hand"])
def test_what_stands_in_the_place_of_a_result_is_told_before_the_work(name, described, place, trained):
    blocked = place / name
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file")
    done = run_command(described, trained)
    assert isinstance(done.exception, RunError)
    assert "cannot be written, or is not a folder" in str(done.exception)


def test_a_figure_in_the_run_itself_is_in_nobody_s_way(described, place, trained):
    figure = trained / "figure.png"
    figure.write_bytes(b"somebody's own")
    try:
        assert run_command(described, trained).exit_code == 0
        assert figure.read_bytes() == b"somebody's own"
    finally:
        figure.unlink()
    assert (place / "turn" / "figure.png").is_file()
