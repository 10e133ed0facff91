"""README.md and docs/: the site builds, links lead somewhere, commands exist, the reference is whole."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dcgan_tf.analysis import analyses
from dcgan_tf.cli import main
from dcgan_tf.config import all_settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(ROOT)): path for path in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]}
PICTURES = {".png", ".jpg", ".gif", ".svg"}

each_page = pytest.mark.parametrize("page", PAGES)
sys.path.insert(0, str(ROOT / "scripts"))


def reference():
    return importlib.import_module("documentation")


# Links and pictures


def prose_of(page: str) -> str:
    """Return a page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", PAGES[page].read_text(), flags=re.DOTALL)


def targets_of(page: str) -> list[str]:
    """Return what a page links to and shows, but for what is on the web."""
    prose = prose_of(page)
    targets = re.findall(r"\]\(([^)\s]+)[^)]*\)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    return [target for target in targets if not target.startswith(("http://", "https://", "mailto:"))]


def headings_of(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and mkdocs make them."""
    prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@each_page
def test_every_link_and_picture_leads_somewhere(page):
    lost = []
    for target in targets_of(page):
        name, _, anchor = target.partition("#")
        path = PAGES[page].parent / name if name else PAGES[page]
        if not path.exists() or (
            anchor and path.suffix == ".md" and "commands" not in name and anchor not in headings_of(path)
        ):
            lost.append(target)
    assert lost == []


@each_page
def test_no_page_of_the_site_links_to_a_file_outside_of_it(page):
    if page.startswith("docs/"):
        paths = [(PAGES[page].parent / target.split("#")[0]).resolve() for target in targets_of(page)]
        assert [path for path in paths if not path.is_relative_to(DOCS)] == []


def test_every_picture_is_shown_on_some_page():
    shown = {(PAGES[page].parent / target).resolve() for page in PAGES for target in targets_of(page)}
    pictures = {path for path in DOCS.rglob("*") if path.suffix in PICTURES}
    assert pictures - shown == set()


@each_page
def test_every_file_that_is_named_exists(page):
    """The site cannot link to files outside of docs/, so it names them."""
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    lost = []
    for name in re.findall(r"`([\w./-]+)`", PAGES[page].read_text()):
        if name.startswith(("tests/", "scripts/", "docs/", "saved_models/portraits/")):
            found = (ROOT / name).exists()
        elif re.fullmatch(r"test_\w+\.py", name):
            found = name in tests
        else:
            found = not re.fullmatch(r"\w+(/\w+)+\.py", name) or (ROOT / "dcgan_tf" / name).exists()
        if not found:
            lost.append(name)
    assert lost == []


@each_page
def test_nothing_is_left_to_fill_in(page):
    assert re.findall(r"\b[A-Z]+_TABLE\b|TODO|XXX|\{\{", PAGES[page].read_text()) == []


# Commands


def command_lines(page: str) -> Iterator[str]:
    """Yield what follows `dcgan-tf` wherever a page writes it: in blocks and between backticks."""
    text = re.sub(r"\\\n\s*", " ", PAGES[page].read_text())
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"(?:^ {4,}\S.*\n)+", text, re.MULTILINE)
    lines = re.findall(r"^ *(?:\.venv/bin/)?dcgan-tf +([a-z].*)$", "\n".join(blocks), re.MULTILINE)
    lines += re.findall(r"`(?:\.venv/bin/)?dcgan-tf +([a-z][^`|]*)`", text)
    for line in lines:
        yield re.split(r"\s#|  ", line)[0].strip()


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that these words call, and the words that are left."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    return command, words


@each_page
def test_every_command_line_is_understood(page):
    for line in command_lines(page):
        command, words = command_of(shlex.split(line))
        assert command is not main, f"there is no command: dcgan-tf {line}"
        flags = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
        flags |= {"--help", "-h"}
        given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= flags, f"dcgan-tf {line}"


def test_command_lines_are_found():
    assert len(list(command_lines("README.md"))) >= 2
    assert sum(len(list(command_lines(page))) for page in PAGES) > 60


# The reference and the site


def test_the_table_of_settings_is_the_one_in_config():
    page = (DOCS / "reference" / "settings.md").read_text()
    assert reference().with_settings(page) == page, "run: python scripts/documentation.py"
    guide = (DOCS / "guides" / "train.md").read_text()
    assert reference().with_rules(guide) == guide, "run: python scripts/documentation.py"


def test_the_tables_of_results_are_those_of_their_files():
    files = set()
    for file in reference().RESULTS_PAGES:
        page = file.read_text()
        assert reference().with_results(page) == page, "run: python scripts/documentation.py"
        files |= set(re.findall(r"from (results/[\w-]+\.csv) -->", page))
    assert files == {f"results/{file.name}" for file in (ROOT / "results").glob("*.csv")}


def test_every_setting_is_in_the_reference():
    page = (DOCS / "reference" / "settings.md").read_text()
    assert [
        item.name for item in all_settings() if f"| `--{item.name.replace('_', '-')}` |" not in page
    ] == []


def test_every_command_with_every_option_is_in_the_reference():
    text = reference().commands_reference()
    commands = dict(reference().all_commands(main.commands.values()))
    for path, command in commands.items():
        name = path.removeprefix("dcgan-tf ")
        (section,) = re.findall(rf"^### {name} {{.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        for option in command.params:
            if isinstance(option, click.Option) and "--debug" not in option.opts:
                assert option.opts[-1] in section
    assert {f"dcgan-tf {analysis.name}" for analysis in analyses()} <= commands.keys()


def test_every_package_with_a_public_face_has_a_page():
    rooms = {path.parent.name for path in (ROOT / "dcgan_tf").glob("*/__init__.pyi")}
    pages = {path.stem for path in (DOCS / "reference" / "rooms").glob("*.md")}
    assert pages == rooms
    navigation = (ROOT / "mkdocs.yml").read_text()
    assert [room for room in rooms if f"reference/rooms/{room}.md" not in navigation] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site that scripts/test.sh has built, or build it."""
    if built := os.environ.get("BUILT_SITE"):
        return Path(built)
    pytest.importorskip("mkdocs", reason="the site is built by mkdocs, of the extra docs")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_the_site_has_every_page(site):
    expected = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert expected <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_the_site_names_the_language_of_each_page(site):
    pages = {path.relative_to(site): path.read_text() for path in site.rglob("*.html")}
    korean = {str(path) for path, text in pages.items() if '<html lang="ko"' in text}
    assert korean == {"ko/index.html"}
    assert all('<html lang="' in text for text in pages.values())


def test_the_site_can_be_searched_from_disk(site):
    """Without a server, the index is a script, and another script stands in for the worker that searches."""
    assert (site / "search" / "search_index.js").exists()
    page = (site / "guides" / "train.html").read_text()
    assert 'src="../style/iframe-worker.js"' in page
    assert (site / "style" / "iframe-worker.js").exists()


def test_the_site_loads_nothing_from_elsewhere(site):
    loaded = re.compile(
        r'<(?:script|img|iframe|source)[^>]*\ssrc="(?:https?:)?//|<link(?![^>]*canonical)[^>]*href="https?:'
    )
    assert [str(path) for path in site.rglob("*.html") if loaded.search(path.read_text())] == []


def test_the_site_has_the_public_names_and_the_formulas(site):
    names = (site / "reference" / "api.html").read_text()
    for name, path in reference().public_names("dcgan_tf"):
        assert f'id="{path}"' in names, name
    formulas = (site / "how-it-works.html").read_text()
    assert formulas.count("<math") > 10
    assert 'class="arithmatex"' not in formulas


# Code of the pages that no other test runs


def test_the_example_of_evaluation_runs(trained, monkeypatch, quick_judges):
    monkeypatch.setattr("dcgan_tf.evaluation.scores.DESCRIPTORS", 4096)
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "evaluation.md").read_text(), re.DOTALL)
    names: dict = {}
    exec(code.replace('"runs/mnist"', repr(str(trained))), names)
    assert names["evaluation"].rows[0].score.value > 0


def test_the_example_of_settings_runs():
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "reference/settings.md").read_text(), re.DOTALL)
    names: dict = {}
    exec(code, names)
    assert names["config"].data.image_size == (64, 64)
