"""Analyses are found by their folders; adding one is what CONTRIBUTING.md says it is."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import dcgan_tf
from dcgan_tf.analysis import Analysis, FindingKind, Option, analyses, finding_kinds
from dcgan_tf.cli.analyses import command_of
from habits import faults, misnamed_arguments, unexplained, untyped

PACKAGE = Path(dcgan_tf.__file__).parent


def test_each_folder_with_a_description_is_an_analysis():
    folders = {path.parent.name for path in (PACKAGE / "analysis").glob("*/about.py")}
    assert {analysis.name for analysis in analyses()} == folders
    assert {kind.name for analysis in analyses() for kind in analysis.findings} == set(finding_kinds())


def test_no_two_analyses_take_the_same_place_in_the_report():
    places = [analysis.place for analysis in analyses()]
    assert places == sorted(set(places))


def test_the_fewest_images_of_a_command_are_those_that_its_function_takes():
    from dcgan_tf.analysis.filters.filters import IMAGES_PER_FEATURE
    from dcgan_tf.analysis.forget.forget import FEWEST_SAMPLES
    from dcgan_tf.analysis.neighbours.neighbours import FEWEST_IMAGES
    from dcgan_tf.analysis.walk.measured_paths import STEPS

    assert {analysis.name: analysis.fewest for analysis in analyses() if analysis.fewest > 1} == {
        "neighbours": FEWEST_IMAGES,
        "walk": STEPS - 1,
        "filters": IMAGES_PER_FEATURE,
        "forget": 4 * FEWEST_SAMPLES,  # with and without the attribute, in both halves
        "embed": 2,
    }


def test_a_command_has_the_options_of_its_description():
    described = Analysis(
        name="stripes",
        place=99,
        short_help="Count the stripes.",
        help="Count the stripes in samples.",
        num_images=7,
        fewest=5,
        of="Draw this many samples.",
        make=lambda run, **options: None,
        findings=(FindingKind("stripes", "Stripes", "The bars are stripes.", "Look for many."),),
        options=(Option("least_width", 3, "Count stripes of at least this width.", minimum=1, maximum=9),),
    )
    command = command_of(described)
    page = CliRunner().invoke(command, ["--help"]).output
    assert "--least-width INTEGER RANGE" in page
    assert "[default: 3; 1<=x<=9]" in page
    assert "[default: 7; 5<=x<=10000000]" in " ".join(page.split())
    refused = CliRunner().invoke(command, ["run", "--least-width", "10"])
    assert "10 is not in the range 1<=x<=9" in refused.output


@pytest.fixture(scope="module")
def worked_example(tmp_path_factory) -> Path:
    """Add the analysis of CONTRIBUTING.md to a copy of the package; return the folder that holds the copy."""
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    section = text.split("## Adding an analysis")[1].split("\n## ")[0]
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "dcgan_tf", ignore=shutil.ignore_patterns("__pycache__"))
    written = re.findall(r"`(dcgan_tf/\S+?\.pyi?)`(?:(?!```).)*?```python\n(.*?)```", section, re.DOTALL)
    assert [Path(name).name for name, _ in written] == [
        "__init__.py",
        "brightness.py",
        "about.py",
        "__init__.pyi",
    ]
    for name, code in written:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.suffix == ".pyi" else ""
        if code not in before:  # it is there in the tree of somebody who follows the example
            path.write_text(before + code)
    return folder


def test_the_worked_example_keeps_to_the_rules_for_what_a_user_reads(worked_example):
    """So that who follows it does not meet them as failures of tests/conformance."""
    file = worked_example / "dcgan_tf" / "analysis" / "brightness" / "about.py"
    described = importlib.util.spec_from_file_location("about_brightness", file)
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    analysis = module.ANALYSIS
    helps = (analysis.short_help, analysis.help, analysis.of, *(option.help for option in analysis.options))
    assert {text: faults(text) for text in helps if faults(text)} == {}
    explanations = [text for kind in analysis.findings for text in (kind.see, kind.look_for)]
    assert [text for text in explanations if not (text[0].isupper() and text.endswith("."))] == []
    assert analysis.place not in [other.place for other in analyses() if other.name != analysis.name]


def test_the_worked_example_keeps_to_the_rules_for_docstrings_and_signatures(worked_example):
    files = sorted((worked_example / "dcgan_tf" / "analysis" / "brightness").glob("*.py"))
    trees = {file.name: ast.parse(file.read_text()) for file in files}
    assert len(trees) == 3
    for rule in (unexplained, untyped, misnamed_arguments):
        assert {name: rule(tree) for name, tree in trees.items() if rule(tree)} == {}


def test_the_worked_example_is_a_command_and_a_public_function_and_runs(worked_example, trained, tmp_path):
    """All in one process, which finds the copy in the folder that it is started in."""
    out = tmp_path / "found"
    code = f"""
from dcgan_tf import analysis
from dcgan_tf.cli import main
for words in ["--help"], ["brightness", {str(trained)!r}, "--num-images", "4", "--out", {str(out)!r}]:
    main(words, standalone_mode=False)
print(analysis.__all__)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=worked_example, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Compare the brightness of samples with that of real images." in done.stdout
    assert re.search(
        r"^the mean level of samples is \d+\.\d, that of real images \d+\.\d$", done.stdout, re.MULTILINE
    )
    assert {path.name for path in out.iterdir()} == {"figure.png", "result.json"}
    assert "'brightness'" in done.stdout.splitlines()[-1]
