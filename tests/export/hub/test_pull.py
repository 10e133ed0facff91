"""`pull_export`: an export from the Hub, checked, or nothing; programs only if they are asked for."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.errors import ArgumentError, ExportError, StorageError
from dcgan_tf.export import Exported, pull_export
from dcgan_tf.export.exported import is_export
from dcgan_tf.export.hub import pull
from places import ROOT

NAME = "ada/digits"
BAD_NAMES = [
    *("../../outside", "/etc/passwd", "a/../../outside", ".bashrc", "", ".", "..", "a//b", "a ", "C:x"),
    *("a\0b", "a\nb", "\x1b[31mred", "\x7f", "\ud800", "..\\..\\x", "é", "a" * 300, "d/" * 40 + "x"),
]
OTHER_NAMES = [
    *("web/app.js", "web/a/b", "Web/index.html", "web/INDEX.html", "web", "saved_model", "samples.png/x"),
    *("model.keras/x", "notes.txt", "generator-fp64.tflite", "README.md"),
]
COMPUTING = {"generator-dynamic.tflite", "web/index.html", "samples.png", "MODEL_CARD.md", "export.json"}


@pytest.fixture
def pushed(hub, export, contents):
    """Return the repository of the small export."""
    return hub.add(
        NAME, {**contents(export), "README.md": b"edited", ".gitattributes": b"", "LICENSE": b"MIT"}
    )


@pytest.fixture
def out(tmp_path):
    return tmp_path / "saved" / "digits"


def refusal(out, repo=NAME, **more) -> str:
    """Return the sentence with which a pull is refused; nothing may be left of it."""
    before = sorted(out.parent.parent.rglob("*"))
    with pytest.raises(ExportError) as error:
        pull_export(repo, to=out, **more)
    assert sorted(out.parent.parent.rglob("*")) == before
    return str(error.value)


def replaced(repository, name, content):
    repository.commit({**repository.files, name: content})


def test_what_can_only_compute_comes_and_the_record_says_so(pushed, out, contents, export):
    pull_export(NAME, to=out)
    assert contents(out).keys() == COMPUTING
    record, before = (json.loads((folder / "export.json").read_text()) for folder in (out, export))
    assert list(record["artefacts"]) == ["generator-dynamic.tflite", "web/index.html"]
    assert record["files"].keys() == COMPUTING - {"export.json"}
    assert {k: v for k, v in record.items() if k not in ("artefacts", "files")} == {
        k: v for k, v in before.items() if k not in ("artefacts", "files")
    }


def test_programs_come_if_they_are_asked_for(pushed, out, contents, export):
    pull_export(NAME, to=out, programs=True)
    assert contents(out) == contents(export)


def test_by_default_it_goes_to_saved_models(pushed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(pull_export(NAME)) == "saved_models/digits"
    assert (tmp_path / "saved_models" / "digits" / "export.json").is_file()


def test_a_revision(pushed, out):
    (first,) = pushed.commits
    pushed.commit({"README.md": b"all removed"})
    assert "is not an export of dcgan-tf: it has no export.json" in refusal(out)
    pull_export(NAME, to=out, revision=first)
    assert out.is_dir()


def test_a_private_repository_comes_with_the_token(hub, export, contents, out, monkeypatch):
    hub.add(NAME, contents(export), private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    assert refusal(out).startswith(f"there is no {hub.url}/{NAME}, or you may not see it")
    monkeypatch.setenv("HF_TOKEN", "hf_of_ada")
    pull_export(NAME, to=out)


# What is there already


def test_an_export_is_replaced_with_force_only(pushed, out, contents):
    pull_export(NAME, to=out)
    assert "--force replaces all of it" in refusal(out)
    pull_export(NAME, to=out, programs=True, force=True)
    assert "saved_model/saved_model.pb" in contents(out)


def test_what_no_export_wrote_is_not_replaced(pushed, out):
    out.mkdir(parents=True)
    (out / "holiday.jpg").write_bytes(b"mine")
    assert "exists and is not an export" in refusal(out, force=True)
    assert (out / "holiday.jpg").read_bytes() == b"mine"


def test_a_place_that_cannot_be_written(pushed, tmp_path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(StorageError, match="could not write"):
        pull_export(NAME, to=tmp_path / "file" / "digits")


# What is not as it was exported


@pytest.mark.parametrize(
    "name", ["generator-dynamic.tflite", "samples.png", "MODEL_CARD.md", "web/index.html"]
)
def test_another_content_than_export_json_says(pushed, out, name):
    replaced(pushed, name, b"another")
    message = refusal(out)
    assert message.startswith(
        f"{NAME} is not as it was exported; nothing was written:\n  {name} has been changed"
    )


def test_a_changed_program_matters_only_if_it_is_wanted(pushed, out):
    replaced(pushed, "saved_model/saved_model.pb", b"evil")
    assert "saved_model/saved_model.pb has been changed" in refusal(out, programs=True)
    pull_export(NAME, to=out)


def test_a_missing_file(pushed, out):
    pushed.commit({name: content for name, content in pushed.files.items() if name != "samples.png"})
    assert refusal(out) == f"{NAME} has lost files that its export.json names: samples.png"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is not an export: cannot read ada/digits/export.json: it is not JSON"),
        (b"{}", "cannot read model in ada/digits/export.json: expected an object, found null"),
        (b" " * ((1 << 23) + 1), "is not an export: export.json has 8,388,609 bytes"),
    ],
)
def test_an_export_json_that_no_export_wrote(pushed, out, content, told):
    replaced(pushed, "export.json", content)
    assert told in refusal(out)


@pytest.mark.parametrize("name", [*BAD_NAMES, *OTHER_NAMES, *(f"saved_model/{name}" for name in BAD_NAMES)])
def test_no_name_leads_out_of_the_folder_or_is_another(pushed, out, name):
    record = json.loads(pushed.files["export.json"])
    record["files"][name] = hashlib.sha256(b"x").hexdigest()
    pushed.commit({**pushed.files, name: b"x", "export.json": json.dumps(record).encode()})
    assert "files must be an export's, each with its SHA-256" in refusal(out, programs=True)


@pytest.mark.parametrize("name", ["generator-dynamic.tflite", "web/index.html", "saved_model"])
def test_an_artefact_without_a_file(pushed, out, name):
    record = json.loads(pushed.files["export.json"])
    record["files"] = {file: sha for file, sha in record["files"].items() if not file.startswith(name)}
    replaced(pushed, "export.json", json.dumps(record).encode())
    assert f"files must name those of {name}, found none" in refusal(out)


def test_only_programs_are_there(pushed, out):
    record = json.loads(pushed.files["export.json"])
    record["artefacts"] = {"saved_model": record["artefacts"]["saved_model"]}
    replaced(pushed, "export.json", json.dumps(record).encode())
    assert refusal(out) == (
        f"{NAME} has only saved_model, and that is a program; if you trust whoever made it, add --programs"
    )


@pytest.mark.parametrize("revision", ["", " "])
def test_a_revision_that_is_none(hub, out, revision):
    with pytest.raises(ArgumentError, match=r"a revision must be the name of a branch, a tag or a commit"):
        pull_export(NAME, to=out, revision=revision)
    assert hub.requests == []


# The Hub and the network


def test_there_is_no_such_repository(hub, out):
    assert refusal(out) == (
        f"there is no {hub.url}/{NAME}, or you may not see it; check the name. If it is private, log in with "
        "`hf auth login`, or put a token into the environment variable HF_TOKEN; nothing was written"
    )


def test_there_is_no_such_revision(hub, pushed, out):
    assert f"{hub.url}/{NAME} has no such revision; name one of its branches, tags or commits" in refusal(
        out, revision="old"
    )


@pytest.mark.parametrize("repo", ["digits", "hf:ada/digits", "ada/digits@main", "../digits"])
def test_a_name_that_is_none(hub, out, repo):
    with pytest.raises(ArgumentError, match="a repository must be USER/NAME"):
        pull_export(repo, to=out)


@pytest.mark.parametrize(
    ("pattern", "failure", "told"),
    [
        ("HEAD .*samples", {"status": 500}, "has a fault (500)"),
        ("GET .*samples", {"status": 500}, "has a fault (500: asked to)"),
        ("GET .*/tree/", {"status": 503}, "has a fault (503: asked to)"),
        ("GET /api/models", {"status": 401}, "does not accept your token (401: asked to)"),
        (
            "GET /api/models",
            {"status": 403, "headers": {"X-Error-Code": "GatedRepo"}},
            "asks for a permission that you do not have",
        ),
        ("GET .*samples", {"status": 404, "headers": {"X-Error-Code": "EntryNotFound"}}, "has lost a file"),
        ("GET /cdn/", {"cut_after": 5}, "cannot be reached (peer closed connection"),
        ("GET .*samples", {"cut_after": 0}, "cannot be reached (peer closed connection"),
    ],
)
def test_a_download_fails_and_leaves_nothing(hub, pushed, out, pattern, failure, told):
    hub.fail(pattern, **failure)
    message = refusal(out)
    assert told in message
    assert message.endswith("; nothing was written")
    assert "\n" not in message


def test_a_cut_connection_goes_on_where_it_was_cut(hub, pushed, out, contents, export):
    hub.fail("GET /cdn/", cut_after=5, times=1)
    pull_export(NAME, to=out)
    assert contents(out)["generator-dynamic.tflite"] == contents(export)["generator-dynamic.tflite"]
    assert sum(request.startswith("GET /cdn/") for request in hub.requests) == 2


def test_the_network_is_down(hub, out, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert refusal(out).startswith("http://127.0.0.1:9 cannot be reached (")


def test_a_stop_leaves_nothing(pushed, out, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(pull, "damaged_files", stopped)
    with pytest.raises(KeyboardInterrupt):
        pull_export(NAME, to=out)
    assert not out.parent.exists()


def test_what_a_kill_leaves_is_removed_by_the_next_one(pushed, out, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *arguments, **more: None)  # as if there was no time for it
        patch.setattr(pull, "damaged_files", lambda *arguments: ["killed"])
        with pytest.raises(ExportError):
            pull_export(NAME, to=out)
    (left,) = out.parent.iterdir()
    assert ".part-" in left.name
    pull_export(NAME, to=out)
    assert [path.name for path in out.parent.iterdir()] == ["digits"]


def test_tensorflow_is_not_imported(pushed, out, without_tensorflow):
    done = without_tensorflow(["pull", NAME, "--out", str(out)], {})
    assert done.returncode == 0, done.stderr
    assert (out / "generator-dynamic.tflite").is_file()


def test_a_folder_with_the_name_of_a_file_is_opened(hub, out, contents):
    hub.add("ada/x.tflite", contents(ROOT / "saved_models" / "mnist"))
    folder = pull_export("ada/x.tflite", to=out.parent / "x.tflite")
    assert is_export(folder)
    assert Exported.open(folder).sample(2).shape == (2, 28, 28, 1)


def test_the_command(pushed, out):
    result = CliRunner().invoke(main, ["pull", NAME, "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert f"verify      dcgan-tf verify {out}\n" in result.output
    said = CliRunner().invoke(main, ["pull", NAME, "--out", str(out), "--force", "--json"]).stdout
    assert json.loads(said)["export"] == str(out)
    assert set(json.loads(said)["artefacts"]) == {"generator-dynamic.tflite", "web/index.html"}
    refused = CliRunner().invoke(main, ["pull", "ada/nothing", "--out", str(out.parent / "other")])
    assert refused.exit_code == 1
    assert "there is no" in refused.output
