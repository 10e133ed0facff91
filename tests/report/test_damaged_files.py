"""Files of a run that hold anything else: the page is written and names them; there is no traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcgan_tf.errors import RunError
from dcgan_tf.report.page import write_report
from exports import export_record

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 0, 2**63, 1e308, 5e-324, -1e-320, float("nan"), float("inf")])
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["\ud800", "\x1b[2J", "\0", "../../config.json", "<script>"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "value", "1", "step"]), inner, max_size=2)
    ),
    max_leaves=4,
)

CHOICE = {
    "preset": "auto",
    "budget": {"minutes": 20.0, "images": None},
    "about": "auto: 20 images of portraits",
    "lines": [["batch_size 4", "many small steps draw better than few large ones"]],
    "notes": ["Expect variations of them."],
}
EVALUATION = {
    "step": 30,
    "frechet_distance": {"name": "Fréchet distance", "value": 20.5, "error": 0.1, "other_real_images": 0.5},
    "guarded_precision": {"name": "precision, guarded", "value": 0.5, "features_alone": {"value": 0.75}},
    "warnings": ["doubt it"],
    "protocol": {"space": "classifier", "class": "7"},
}

DIAGNOSIS = {
    "step": 20,
    "condition": "oscillation",
    "title": "oscillation",
    "seen": "It turns.",
    "advice": "Try.",
}
ROLLBACK = {
    "from_step": 40,
    "to_step": 20,
    "title": "mode collapse",
    "seen": "All are alike.",
    "advice": "Try less.",
}


@pytest.fixture
def whole(run_dir, write_finding, tmp_path, monkeypatch) -> dict[Path, object]:
    """Return {file: what is in it} of a run that has all that the report reads; lines as lists."""
    monkeypatch.chdir(tmp_path)
    write_finding("walk", warnings=["look twice"])
    (run_dir / "choice.json").write_text(json.dumps(CHOICE))
    (run_dir / "origin.json").write_text(json.dumps({"run": "runs/other", "checkpoint": 20}))
    export = tmp_path / "saved_models" / "mine" / "export.json"
    export.parent.mkdir(parents=True)
    export.write_text(json.dumps(export_record()))
    (run_dir / "metrics.jsonl").write_text(json.dumps(EVALUATION) + "\n")
    (run_dir / "diagnosis.jsonl").write_text(json.dumps(DIAGNOSIS) + "\n")
    (run_dir / "rollbacks.json").write_text(json.dumps([ROLLBACK]))
    (run_dir / "distances.jsonl").write_text('{"step": 20, "pyramid_distance": 0.1, "best": true}\n')
    found: dict[Path, object] = {
        path: json.loads(path.read_text())
        for path in (
            run_dir / "config.json",
            run_dir / "data.json",
            run_dir / "environment.json",
            run_dir / "choice.json",
            run_dir / "origin.json",
            run_dir / "rollbacks.json",
            run_dir / "analysis" / "walk" / "result.json",
            export,
        )
    }
    for name in ("stats.jsonl", "metrics.jsonl", "diagnosis.jsonl", "distances.jsonl"):
        lines = (run_dir / name).read_text().splitlines()
        found[run_dir / name] = [json.loads(line) for line in lines]
    return found


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Return the path of each value within a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in inside for place in places(inner, (*path, key)))]


def replaced(value: object, path: tuple, by: object) -> object:
    """Return a JSON value with another one at this place."""
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copy[path[0]] = replaced(copy[path[0]], path[1:], by)
    return copy


def write(path: Path, value: object) -> None:
    if path.suffix == ".jsonl" and isinstance(value, list):
        path.write_text("".join(json.dumps(line) + "\n" for line in value))
    else:
        path.write_text(json.dumps(value))


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_stands_in_the_place_of_a_value_the_page_is_written(data, whole, run_dir):
    path = data.draw(st.sampled_from(sorted(whole)))
    place = data.draw(st.sampled_from(places(whole[path])))
    page = run_dir / "report.html"
    page.unlink(missing_ok=True)
    write(path, replaced(whole[path], place, data.draw(ANYTHING)))
    try:
        try:
            write_report(run_dir)
        except RunError:
            assert path.name == "config.json"  # settings that are none: there is no run to report on
            assert not page.exists()
            return
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
        assert "<script" not in page.read_text(encoding="utf-8")
    finally:
        write(path, whole[path])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("data.json", "[]", "expected an object, received []"),
        (
            "data.json",
            '{"num_images": "many"}',
            'expected a whole number from 0 as num_images, received "many"',
        ),
        ("data.json", "[" * 100_000, "it is nested more than 20 levels deep"),
        ("environment.json", "5", "expected a list, received 5"),
        ("analysis/walk/result.json", '{"files": [null]}', "expected a value as files[0], received null"),
        ("environment.json", '[{"command": 5}]', "expected a list as [0].command, received 5"),
        ("stats.jsonl", '{"loss": 1}\n', "line 1: expected a value as step, received null"),
        ("stats.jsonl", '\xff{"step": 1}\n', "line 1: it is not UTF-8"),
        (
            "metrics.jsonl",
            '{"step": 1, "a": {"name": []}}\n',
            "line 1: expected a text as a.name, received []",
        ),
        ("analysis/walk/result.json", '{"measures": {}}', "expected a list as measures, received {}"),
        ("analysis/walk/result.json", '{"files": [5]}', "expected a text as files[0], received 5"),
    ],
)
def test_a_file_that_holds_something_else_is_named(name, content, said, run_dir, write_finding):
    write_finding("walk")
    (run_dir / name).write_bytes(content.encode("latin-1"))
    page = write_report(run_dir).read_text(encoding="utf-8")
    (problems,) = re.findall(r'<section id="problems">.*?</section>', page, re.S)
    assert f"{run_dir / name}" in problems
    assert said in problems.replace("&quot;", '"')


def test_a_last_line_that_a_crash_cut_short_is_no_problem(run_dir):
    with (run_dir / "stats.jsonl").open("a") as file:
        file.write('{"step": 31, "epo')
    assert 'id="problems"' not in write_report(run_dir).read_text(encoding="utf-8")


def test_a_picture_that_is_none_is_named_and_left_out(run_dir, write_finding):
    folder = write_finding("walk")
    (folder / "figure.png").write_bytes((folder / "figure.png").read_bytes()[:-20])
    (run_dir / "samples" / "real.png").write_text("no picture")
    page = write_report(run_dir).read_text(encoding="utf-8")
    for path in (folder / "figure.png", run_dir / "samples" / "real.png"):
        assert f"{path} cannot be used and is left out: it is not a complete picture" in page
    assert "The figure is missing" in page


def test_a_grid_that_is_called_otherwise_is_no_grid(run_dir):
    for name in ("step-000004 2.png", "step-.png", "step-000004.png.part"):
        save_grid = run_dir / "samples" / name
        save_grid.write_bytes((run_dir / "samples" / "real.png").read_bytes())
    assert "step 30" in write_report(run_dir).read_text(encoding="utf-8")


def test_names_cannot_command_a_terminal_or_end_a_page(run_dir, write_finding):
    write_finding("walk", summary="\x1b[2J\u202e\x00 all is well", warnings=["\ud800"])
    page = write_report(run_dir).read_text(encoding="utf-8")
    assert "\\x1b[2J\\u202e\\x00 all is well" in page
    assert "\\ud800" in page
