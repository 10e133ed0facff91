"""What the forge reads: workflows, forms for issues, the citation; and the Dockerfile."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dcgan_tf import __version__
from dcgan_tf.runs.folder import RunPaths

ROOT = Path(__file__).parents[1]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
SCHEMAS = {
    "vendor.github-workflows": [".github/workflows/ci.yml"],
    "vendor.github-issue-forms": [".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/idea.yml"],
    "vendor.github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "vendor.citation-file-format": ["CITATION.cff"],
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_have_the_form_that_is_expected_of_them(schema):
    files = [ROOT / name for name in SCHEMAS[schema]]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_no_file_is_left_without_a_schema():
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github").rglob("*.*ml")}
    assert there | {"CITATION.cff"} == {name for names in SCHEMAS.values() for name in names}


def test_a_report_of_a_bug_asks_for_the_environment_of_the_run():
    body = yaml.safe_load((FORMS / "bug.yml").read_text())["body"]
    (field,) = [f for f in body if f.get("id") == "environment"]
    assert field["validations"]["required"]
    assert RunPaths(Path("run")).environment.name in field["attributes"]["label"]


def test_the_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    (paper,) = citation["references"]
    assert paper["url"].endswith("1511.06434")
    assert [author["family-names"] for author in paper["authors"]] == ["Radford", "Metz", "Chintala"]


def workflow() -> dict:
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]


def commands_of(job: str) -> str:
    return "\n".join(step.get("run", "") for step in workflow()[job]["steps"])


def test_the_workflow_tests_as_is_done_elsewhere():
    assert "bash .ci/run" in commands_of("tests")


def test_the_workflow_installs_the_wheel_where_the_repository_is_not():
    assert "twine check --strict dist/*" in commands_of("wheel")
    assert workflow()["install"]["needs"] == "wheel"
    assert not [s for s in workflow()["install"]["steps"] if "checkout" in s.get("uses", "")]
    assert "dcgan-tf sample portraits" in commands_of("install")


def test_the_workflow_reads_the_dockerfile_and_builds_it():
    assert "hadolint" in commands_of("containers")
    assert "docker build --target cpu" in commands_of("containers")


# The image

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stage(name: str) -> str:
    """Return the lines of a stage of the Dockerfile."""
    return re.split(r"^FROM ", DOCKERFILE.partition(f" AS {name}\n")[2], flags=re.MULTILINE)[0]


def test_signals_reach_the_command_in_a_container():
    """With a shell in between, SIGTERM would end at the shell."""
    assert 'ENTRYPOINT ["dcgan-tf"]' in stage("base")


def test_the_command_in_a_container_does_not_run_as_root():
    assert re.search(r"^USER [1-9]\d*$", stage("base"), re.MULTILINE)
    for target in ("cpu", "gpu"):
        assert f"FROM base AS {target}\n" in DOCKERFILE
        assert "USER" not in stage(target)


def test_cpus_are_the_default_of_the_dockerfile():
    assert re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)[-1] == "cpu"


def test_every_command_works_in_a_container():
    assert '.whl)[hub,datasets,onnx]"' in stage("packages")
    assert '.whl)[gpu,hub,datasets,onnx]"' in stage("packages-with-cuda")


def test_an_image_gets_what_the_wheel_is_made_of_and_nothing_else():
    """Every file that .dockerignore lets through is there, and setup.cfg's generators are among them."""
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [pattern for pattern in kept if not [*ROOT.glob(pattern)]] == []
    assert {"setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "dcgan_tf"} <= {*kept}
    assert {"saved_models/*/export.json", "saved_models/*/generator-dynamic.tflite"} <= {*kept}


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
