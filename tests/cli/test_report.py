"""The commands that put results together: which analyses are made, what is skipped, what is said."""

from __future__ import annotations

import importlib
import json
import re
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure
from PIL import Image

from dcgan_tf import analysis, cli
from dcgan_tf.analysis.embed.projector_files import CONFIG, METADATA, SPRITE, TENSORS
from dcgan_tf.analysis.finding import Finding
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.analysis.project.project import DISTANCES, LATENTS
from dcgan_tf.analysis.registry import finding_kinds
from dcgan_tf.analysis.walk.walk import GIF
from dcgan_tf.cli.outputs import check_folder, run_at
from dcgan_tf.config import preset, to_json
from dcgan_tf.errors import ArgumentError, DataError, RunError, StorageError
from dcgan_tf.files import write_bytes
from dcgan_tf.runs import RunPaths, write_json

FULL = "the disk is full: could not write figure.png; make room and try again"
FINDINGS = finding_kinds()
SIGNATURES = {name: signature(getattr(analysis, name)) for name in FINDINGS}
MODULES = {
    name: importlib.import_module(f"dcgan_tf.analysis.{made_by.name}.{name}")
    for name, (_, made_by) in FINDINGS.items()
}


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Put stand-ins in the place of all analyses, on a run with three attributes; return the calls.

    They take what the real ones take, and nothing else; what differs from the defaults is noted.
    """
    calls: dict[str, dict[str, object]] = {}

    def stand_in(name):
        def analyse(opened, **arguments):
            SIGNATURES[name].bind(opened, **arguments)
            usual = FINDINGS[name][1].defaults
            calls[name] = {key: value for key, value in arguments.items() if usual.get(key) != value}

            def save(folder: Path) -> None:
                folder.mkdir(parents=True, exist_ok=True)
                write_result(folder, opened.step)

            warnings = ("doubt it",) if name == "probe" else ()
            outcome = f"the outcome of {name}"
            return SimpleNamespace(summary=outcome, result={"summary": outcome}, warnings=warnings, save=save)

        return analyse

    for name, module in MODULES.items():
        monkeypatch.setattr(module, name, stand_in(name))
    attributes = {
        "hat": np.zeros(2, np.uint8),
        "tilt": np.zeros(2, np.float32),
        "beard": np.zeros(2, np.uint8),
    }
    train = SimpleNamespace(attributes=attributes, label_names=("0", "1"))
    monkeypatch.setattr("dcgan_tf.analysis.Subject", lambda run, **_: SimpleNamespace(train=train))
    monkeypatch.setattr("dcgan_tf.runs.run.Run.open", stand_in_open)
    monkeypatch.setattr("dcgan_tf.cli.report.check_run", lambda path, **_: None)
    monkeypatch.setattr("dcgan_tf.report.write_report", written(tmp_path))
    return SimpleNamespace(calls=calls, attributes=attributes, train=train, root=tmp_path)


def stand_in_open(path: Path, *, checkpoint: int | None = None, data: str | None = None) -> SimpleNamespace:
    """Open a run that has reached step 30, and has a checkpoint of step 20."""
    if checkpoint not in (None, 20):
        raise RunError(f"no checkpoint of step {checkpoint}")
    config = SimpleNamespace(data=SimpleNamespace(spec="/gone/away"))
    step = checkpoint or 30
    return SimpleNamespace(path=path, config=config, step=step, shown_class=None, data=data, digest="0a1b")


def write_result(folder: Path, step: int, **more: object) -> None:
    (folder / "result.json").write_text(json.dumps({"protocol": {"step": step, **more}}))


def written(tmp_path: Path):
    """Return a stand-in for the report's writer."""

    def write(run, *, out, exports):
        page = out or tmp_path / "report.html"
        page.write_text("x" * 1_500_000)
        return page

    return write


def test_report_alone_makes_no_analysis(made):
    result = run("report", made.root)
    assert result.exit_code == 0, result.output
    assert made.calls == {}
    assert result.output == f"report  {made.root / 'report.html'} (1.5 MB)\n"


def test_all_makes_what_is_missing_in_order_and_with_arguments_that_the_data_has(made):
    (made.root / "analysis" / "walk").mkdir(parents=True)
    write_result(made.root / "analysis" / "walk", 30)
    result = run("report", made.root, "--analyses", "all")
    assert result.exit_code == 0, result.output
    assert list(made.calls) == [name for name in FINDINGS if name != "walk"]
    assert made.calls["arithmetic"] == {"plus": ("hat+beard", "no-hat"), "minus": ("hat",)}
    assert made.calls["forget"] == {"attribute": "hat"}
    assert made.calls["turn"] == {"attribute": "tilt"}
    assert made.calls["neighbours"] == {}
    assert "probe       the outcome of probe\nnote: doubt it\n" in result.output
    assert "note: doubt it" in result.stderr


def test_what_was_made_of_weights_that_the_run_has_forgotten_is_made_again(made):
    """A run that goes back reaches the same step again, with other weights."""
    for name, weights in {**dict.fromkeys(FINDINGS, "0a1b"), "probe": "2c3d"}.items():
        (made.root / "analysis" / name).mkdir(parents=True)
        write_result(made.root / "analysis" / name, 30, generator_weights=weights)
    run("report", made.root, "--analyses", "all")
    assert list(made.calls) == ["probe"]


def test_the_papers_choice_is_made_where_the_data_has_it(made):
    for name, like in (("crown", "hat"), ("woman", "hat"), ("turn", "tilt")):
        made.attributes[name] = made.attributes[like]
    run("report", made.root, "--analyses", "forget,arithmetic,turn")
    assert made.calls["forget"] == {"attribute": "crown"}
    assert made.calls["turn"] == {}
    assert made.calls["arithmetic"] == {"plus": ("man+crown", "woman"), "minus": ("man",)}


@pytest.mark.parametrize("name", FINDINGS)
@pytest.mark.parametrize("more", [(), ("crown", "woman", "turn")])
def test_an_entry_gives_what_the_analysis_asks_for_and_nothing_else(name, more, made):
    made.attributes.update({other: made.attributes["hat"] for other in more})
    kind, made_by = FINDINGS[name]
    suggested = kind.suggest(KnownData(list(made.attributes)))
    made_by.make(SimpleNamespace(step=30), **{**made_by.defaults, **suggested, "seed": 1, "num_images": 2})
    assert made.calls[name]["seed"] == 1


def test_without_degrees_a_yes_or_no_attribute_is_turned_and_without_that_a_class(made):
    del made.attributes["tilt"]
    run("report", made.root, "--analyses", "turn")
    assert made.calls["turn"] == {"attribute": "hat"}
    made.attributes.clear()
    run("report", made.root, "--analyses", "turn")
    assert made.calls["turn"] == {"attribute": "0"}


def test_without_attributes_and_classes_what_needs_them_is_skipped(made):
    made.attributes.clear()
    made.train.label_names = ("only",)
    result = run("report", made.root, "--analyses", "turn,forget")
    assert result.exit_code == 0
    assert made.calls == {}
    assert "turn        skipped: turning needs attributes or classes; the data has neither" in result.output
    assert "forget      skipped: forgetting an object needs a yes-or-no attribute" in result.output


def test_those_that_are_named_are_made_again(made):
    run("report", made.root, "--analyses", "walk,probe")
    made.calls.clear()
    (made.root / "analysis" / "walk" / "result.json").unlink()
    (made.root / "analysis" / "walk").rmdir()
    run("report", made.root, "--analyses", "all")
    assert "probe" not in made.calls
    (made.root / "analysis" / "walk" / "result.json").unlink()
    (made.root / "analysis" / "walk").rmdir()
    made.calls.clear()
    run("report", made.root, "--analyses", "walk")
    assert list(made.calls) == ["walk"]


@pytest.mark.parametrize(
    "content",
    [
        '{"protocol": {"step": 20}}',
        '{"protocol": {"step": 30, "class": "7"}}',
        '{"protocol": {}}',
        "[]",
        "{",
    ],
)
def test_all_makes_again_what_was_made_at_another_step_or_does_not_say(content, made):
    run("report", made.root, "--analyses", "all")
    made.calls.clear()
    (made.root / "analysis" / "walk" / "result.json").write_text(content)
    run("report", made.root, "--analyses", "all")
    assert list(made.calls) == ["walk"]


def test_all_keeps_a_figure_of_the_user_s_own_photographs(made):
    run("report", made.root, "--analyses", "all")
    made.calls.clear()
    protocol = {"step": 20, "photographs": ["me.jpg"]}
    (made.root / "analysis" / "project" / "result.json").write_text(json.dumps({"protocol": protocol}))
    result = run("report", made.root, "--analyses", "all")
    assert made.calls == {}
    assert "project     kept: it shows photographs of yours, as drawn at step 20" in result.stderr
    run("report", made.root, "--analyses", "project")
    assert list(made.calls) == ["project"]


def test_seed_and_number_are_passed_on_only_if_they_are_given(made):
    run("report", made.root, "--analyses", "walk,forget", "--seed", 5)
    assert made.calls == {"walk": {"seed": 5}, "forget": {"attribute": "hat", "seed": 5}}
    run("report", made.root, "--analyses", "walk", "-n", 50)
    assert made.calls["walk"] == {"num_images": 50}


def test_the_analyses_are_of_the_checkpoint_that_is_asked_for(made):
    run("report", made.root, "--analyses", "walk", "--checkpoint", 20)
    made.calls.clear()
    run("report", made.root, "--analyses", "all", "--checkpoint", 20)
    assert list(made.calls) == [name for name in FINDINGS if name != "walk"]
    (made.root / "report.html").unlink()
    result = run("report", made.root, "--analyses", "all", "--checkpoint", 7)
    assert result.exit_code == 1
    assert "no checkpoint of step 7" in result.output
    assert not (made.root / "report.html").exists()


@pytest.mark.parametrize("option", ["--seed", "--num-images", "--checkpoint", "--data"])
def test_options_of_analyses_are_not_ignored_where_none_is_made(option, made):
    result = run("report", made.root, option, 20)
    assert result.exit_code == 2
    assert "need --analyses, because" in result.output


def test_what_a_run_cannot_have_is_skipped_with_the_reason(made, monkeypatch):
    def refuse(opened, **options):
        raise RunError("this network has no filters")

    monkeypatch.setattr(MODULES["filters"], "filters", refuse)
    for name in ("hat", "beard"):
        del made.attributes[name]
    result = run("report", made.root, "--analyses", "all")
    assert result.exit_code == 0
    assert "filters     skipped: this network has no filters" in result.output
    assert (
        "arithmetic  skipped: a formula of what pictures show needs two yes-or-no attributes" in result.output
    )
    assert set(made.calls) == set(FINDINGS) - {"filters", "forget", "arithmetic", "analogies"}
    assert "report  " in result.output


def test_a_mistake_of_ours_is_not_skipped(made, monkeypatch):
    def broken(opened, **options):
        raise KeyError("mistake")

    monkeypatch.setattr(MODULES["filters"], "filters", broken)
    result = run("report", made.root, "--analyses", "all")
    assert result.exit_code == 70
    assert "KeyError: 'mistake'" in result.stderr
    assert list(made.calls) == ["neighbours", "walk", "turn"]
    assert result.stdout.endswith("(1.5 MB)\n"), "the page shows what was made before"


def test_a_page_is_written_when_the_analyses_are_interrupted(made, monkeypatch):
    def stopped(opened, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(MODULES["filters"], "filters", stopped)
    result = run("report", made.root, "--analyses", "all")
    assert result.exit_code == 130
    assert (made.root / "report.html").exists()
    assert result.output.endswith("stopped\n")


def test_unknown_analyses_and_folders_that_are_no_exports_are_refused(made, tmp_path):
    assert "expected some of all, neighbours" in run("report", made.root, "--analyses", "dance").output
    result = run("report", made.root, "--export", tmp_path)
    assert result.exit_code == 1
    assert "is not an export: it has no export.json" in result.output


# Compare


def test_a_run_may_be_written_with_its_step(tmp_path):
    odd = tmp_path / "run@5"
    odd.mkdir()
    assert run_at("runs/a@312") == (Path("runs/a"), 312)
    assert run_at("runs/a@312", 7) == (Path("runs/a"), 312)
    assert run_at("runs/a@best") == (Path("runs/a"), "best")
    assert run_at("runs/a", 7) == (Path("runs/a"), 7)
    assert run_at("runs/a@home") == (Path("runs/a@home"), None)
    assert run_at(str(odd)) == (odd, None)


def test_compare_puts_two_checkpoints_side_by_side(trained, tmp_path, quick_judges):
    out = tmp_path / "side"
    result = run("compare", f"{trained}@20", trained, "-n", 32, "--out", out)
    assert result.exit_code == 0, result.output
    assert re.match(r"Fréchet distance \(digits classifier\): run @ 20: \S+, \d+ of 10 kinds", result.output)
    assert f"figure  {out / 'figure.png'}" in result.output
    assert {path.name for path in out.iterdir()} == {"figure.png", "result.json"}


def trained_on(folder: Path, root: Path) -> Path:
    """Write the settings of a run on a folder of images; return the run directory."""
    folder.mkdir(parents=True, exist_ok=True)
    (root / "checkpoints").mkdir(parents=True)
    (root / "checkpoints" / "ckpt-1.index").write_text("")
    (root / "config.json").write_text(to_json(preset("default", data=str(folder))))
    (root / "data.json").write_text(json.dumps({"name": folder.name}))
    return root


@pytest.mark.parametrize("command", ["compare", "walk"])
@pytest.mark.parametrize("out", ["", "tom"])
def test_no_result_is_written_among_the_images_of_any_of_the_runs(command, out, tmp_path, monkeypatch):
    pets = tmp_path / "pets"
    runs = [trained_on(tmp_path / "other", tmp_path / "a"), trained_on(pets, tmp_path / "b")]
    monkeypatch.chdir(pets)
    words = [*runs] if command == "compare" else runs[1:]
    result = run(command, *words, *(["--out", out or "."] if out or command == "walk" else []))
    assert result.exit_code == 1
    assert f"lies in {pets}, the images that {tmp_path / 'b'} was trained on" in result.output
    assert list(pets.iterdir()) == []


def test_nor_where_the_images_are_now(tmp_path):
    (tmp_path / "moved").mkdir()
    root = trained_on(tmp_path / "pets", tmp_path / "a")
    (tmp_path / "pets").rmdir()
    words = ("--data", tmp_path / "moved", "--out", tmp_path / "moved" / "out")
    for command in (("walk", root), ("compare", root, root)):
        result = run(*command, *words)
        assert result.exit_code == 1
        assert f"lies in {tmp_path / 'moved'}, and would be one of these images" in result.output


def test_compare_replaces_its_own_comparison_and_no_other_files(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "figure.png").write_text("mine")
    result = run("compare", f"{trained}@20", trained)
    assert result.exit_code == 1
    assert "comparison/figure.png is there, and dcgan-tf did not write it" in result.output
    assert (tmp_path / "comparison" / "figure.png").read_text() == "mine"
    (tmp_path / "comparison" / "result.json").write_text(json.dumps({"analysis": "compare"}))
    check_folder(Path("comparison"))


def test_a_figure_whose_result_a_kill_prevented_may_be_replaced(tmp_path):
    finding = Finding("walk", "smooth", {}, (), Figure())
    write_bytes(tmp_path / "figure.png", finding.figure_png)
    check_folder(tmp_path)
    (tmp_path / "walk.gif").write_text("half")
    check_folder(tmp_path, ["walk.gif"])
    Image.new("RGB", (8, 8)).save(tmp_path / "figure.png")
    with pytest.raises(ArgumentError, match=r"figure\.png is there, and dcgan-tf did not write it"):
        check_folder(tmp_path)


def test_no_result_replaces_a_figure_of_somebody_s_where_it_is_sent_to(trained, tmp_path):
    (tmp_path / "result.json").write_text("mine")
    for command in (("walk", trained), ("compare", f"{trained}@20", trained)):
        result = run(*command, "--out", tmp_path)
        assert result.exit_code == 1
        assert f"{tmp_path / 'result.json'} is there, and dcgan-tf did not write it" in result.output
    assert (tmp_path / "result.json").read_text() == "mine"


def test_no_other_file_of_a_finding_replaces_one_of_somebody_s(trained, tmp_path):
    (tmp_path / "walk.gif").write_text("mine")
    result = run("walk", trained, "--out", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path / 'walk.gif'} is there, and dcgan-tf did not write it" in result.output
    assert (tmp_path / "walk.gif").read_text() == "mine"
    write_json(tmp_path / "result.json", {"analysis": "walk", "files": ["figure.png", "walk.gif"]})
    check_folder(tmp_path, ["walk.gif"])


def test_the_reproduction_replaces_nothing_of_somebody_s(tmp_path, monkeypatch):
    monkeypatch.setattr("dcgan_tf.reproduction.mnist_1nn", None)  # it is refused before the hours of training
    (tmp_path / "figure.png").write_text("mine")
    result = run("reproduce", "mnist-1nn", "--out", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path / 'figure.png'} is there, and dcgan-tf did not write it" in result.output


def test_the_files_of_each_analysis_are_known_before_it_is_made():
    written = {
        "walk": {GIF},
        "turn": {RunPaths(Path()).directions.name},
        "forget": {RunPaths(Path()).forgotten.name},
        "project": {DISTANCES, LATENTS},
        "embed": {TENSORS, METADATA, SPRITE, CONFIG},
    }
    assert {
        analysis.name: {*analysis.writes} for _, analysis in FINDINGS.values() if analysis.writes
    } == written


def test_a_report_is_not_a_folder(made):
    result = run("report", made.root, "--out", made.root)
    assert result.exit_code == 2
    assert f"--out must be a file, such as {made.root / 'report.html'}, received the folder" in result.output


def test_what_was_computed_is_shown_though_it_cannot_be_saved(trained, tmp_path, monkeypatch):
    def save(folder: Path) -> None:
        raise StorageError(FULL)

    def finding(*run: object, **arguments: object) -> SimpleNamespace:
        return SimpleNamespace(
            name="walk",
            summary="what came out",
            result={"summary": "what came out"},
            warnings=("doubt it",),
            table="",
            save=save,
        )

    monkeypatch.setattr(MODULES["walk"], "walk", finding)
    monkeypatch.setattr(analysis, "compare", finding)
    for command in (("walk", trained), ("compare", f"{trained}@20", trained)):
        result = run(*command, "--out", tmp_path / "out")
        assert result.exit_code == 1
        assert result.output.splitlines() == ["what came out", "note: doubt it", f"dcgan-tf: {FULL}"]
    result = run("report", trained, "--analyses", "walk", "--out", tmp_path / "report.html")
    said = ["walk        what came out", "note: doubt it", f"walk        skipped: {FULL}"]
    assert result.output.splitlines()[:3] == said


def test_the_images_of_a_run_may_have_been_moved(made, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(
        MODULES["walk"], "walk", lambda opened_run, **_: opened.append(opened_run.data) or refuse()
    )
    (tmp_path / "elsewhere").mkdir()
    run("report", made.root, "--analyses", "walk", "--data", tmp_path / "elsewhere")
    assert opened == [str(tmp_path / "elsewhere")]


def test_images_that_were_moved_are_asked_for(made, monkeypatch):
    class Gone:
        @property
        def train(self):
            raise DataError("/gone/away does not exist")

    monkeypatch.setattr("dcgan_tf.analysis.Subject", lambda run, **_: Gone())
    result = run("report", made.root, "--analyses", "walk")
    advice = "/gone/away does not exist. If the images were moved, name their new place with --data"
    assert f"walk        skipped: {advice}" in result.output


def refuse():
    raise RunError("enough was seen")


def test_compare_of_one_run_says_what_it_needs(trained):
    result = run("compare", trained)
    assert result.exit_code == 1
    assert "a comparison needs at least two runs, received 1" in result.output
