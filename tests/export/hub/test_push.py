"""`push_export`: one commit with an export that was verified, or nothing."""

from __future__ import annotations

import logging
import re
import sys

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export import pull_export, push_export
from fake_hub import TOKEN, blob_id
from places import ROOT

NAME = "ada/digits"


@pytest.fixture
def unverified(monkeypatch):
    """Leave out that the artefacts draw, which those of the small export cannot."""
    monkeypatch.setattr("dcgan_tf.export.checks.verification.verify_export", lambda folder: {})


def refusal(folder, repo=NAME, **more) -> str:
    """Return the sentence with which a push is refused."""
    with pytest.raises(ExportError) as error:
        push_export(folder, repo, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_pushed_is_pulled_again(hub, tmp_path, contents):
    """The real thing: a verified export goes up, and comes down byte for byte."""
    from dcgan_tf.export import verify_export

    folder = ROOT / "saved_models" / "mnist"
    assert push_export(folder, "ada/mnist") == f"{hub.url}/ada/mnist"
    pulled = pull_export("ada/mnist", to=tmp_path / "pulled", programs=True)
    assert contents(pulled) == contents(folder)
    some = pull_export("ada/mnist", to=tmp_path / "some")
    assert list(verify_export(some)) == ["generator-dynamic.tflite", "web/index.html"]


def test_one_commit_has_the_files_and_the_card_as_readme(hub, export, unverified, contents):
    push_export(export, NAME)
    made = hub.repositories[f"models/{NAME}"]
    card = (export / "MODEL_CARD.md").read_bytes()
    assert made.files == {**contents(export), "README.md": card, ".gitattributes": b"*.tflite filter=lfs\n"}
    assert len(made.commits) == 2  # the Hub's own, and ours
    assert not made.private


def test_what_no_export_wrote_stays_here_and_is_named(hub, export, unverified, caplog):
    (export / "secret.txt").write_text("of mine")
    (export / "web" / "notes.txt").write_text("of mine")
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        push_export(export, NAME)
    assert "left out, because no export wrote it: secret.txt, web/notes.txt" in caplog.text
    assert re.search(rf"uploading 10 files, \d\.\d kB, to {hub.url}/{NAME} \(public\)", caplog.text)
    assert not {"secret.txt", "web/notes.txt"} & hub.repositories[f"models/{NAME}"].files.keys()


def test_a_new_repository_may_be_private(hub, export, unverified):
    push_export(export, NAME, private=True)
    assert hub.repositories[f"models/{NAME}"].private


def test_a_public_repository_does_not_become_private_by_a_push(hub, export, unverified):
    hub.add(NAME, {"README.md": b""})
    assert refusal(export, private=True).startswith(f"{NAME} exists and is public")


# A repository that exists


def test_an_earlier_export_is_replaced_and_other_files_stay(hub, export, unverified, contents, caplog):
    hub.add(NAME, {"export.json": b"{}", "model.keras": b"old", "LICENSE": b"MIT", "web/old.js": b"old"})
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        push_export(export, NAME)
    assert "this one has not: model.keras, web/old.js" in caplog.text
    files = hub.repositories[f"models/{NAME}"].files
    assert files.keys() == {*contents(export), "README.md", "LICENSE"}
    assert files["LICENSE"] == b"MIT"


def test_a_readme_that_was_edited_on_the_hub_stays(hub, export, unverified, caplog):
    push_export(export, NAME)
    repository = hub.repositories[f"models/{NAME}"]
    repository.commit({**repository.files, "README.md": b"---\nlicense: mit\n---\n"})
    (export / "MODEL_CARD.md").write_text("another card")
    push_export(export, NAME)
    assert repository.files["README.md"] == b"---\nlicense: mit\n---\n"
    assert repository.files["MODEL_CARD.md"] == b"another card"
    assert "README.md was edited on the Hub and stays as it is" in caplog.text


def test_a_readme_that_nobody_edited_is_renewed(hub, export, unverified):
    push_export(export, NAME)
    (export / "MODEL_CARD.md").write_text("another card")
    push_export(export, NAME)
    assert hub.repositories[f"models/{NAME}"].files["README.md"] == b"another card"


def test_the_same_push_twice_changes_nothing(hub, export, unverified):
    push_export(export, NAME)
    before = hub.repositories[f"models/{NAME}"].files
    push_export(export, NAME)
    assert hub.repositories[f"models/{NAME}"].files == before


def test_a_repository_of_something_else_is_refused(hub, export, unverified):
    made = hub.add(NAME, {"README.md": b"", "model.safetensors": b"weights", "config.json": b"{}"})
    assert refusal(export) == (
        f"{NAME} exists and is not an export: it holds config.json, model.safetensors; push to another name, "
        "or remove these files on the Hub"
    )
    assert len(made.commits) == 1


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(hub, export, unverified, monkeypatch):
    made = hub.add(NAME, {"export.json": b"{}"})
    from dcgan_tf.export.hub import push

    said = push._say

    def meanwhile(*arguments, **more):
        made.commit({"export.json": b"{}", "LICENSE": b"new"})
        return said(*arguments, **more)

    monkeypatch.setattr(push, "_say", meanwhile)
    assert "was changed by somebody else at the same time (412: the branch has moved)" in refusal(export)
    assert made.files.keys() == {"export.json", "LICENSE"}


# Refusals, each in one sentence


def test_a_damaged_export_is_not_pushed(hub, export):
    (export / "samples.png").write_bytes(b"other")
    with pytest.raises(ExportError, match=r"is not as it was exported:\n  samples\.png has been changed"):
        push_export(export, NAME)
    assert [request for request in hub.requests if not request.startswith("GET")] == []


@pytest.mark.parametrize(
    "repo", ["digits", "a/b/c", "https://hub.example/a/b", "", "a/", "a/..", "a/b c", "a/b--c", "a/é"]
)
def test_a_name_that_is_none(hub, export, repo):
    with pytest.raises(ArgumentError, match=r"a repository must be USER/NAME, of letters, digits"):
        push_export(export, repo)
    assert hub.requests == []


def test_nobody_is_logged_in(hub, export, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.constants.HF_STORED_TOKENS_PATH", str(tmp_path / "nothing"))
    assert refusal(export) == (
        f"you are not logged in to {hub.url}: log in with `hf auth login`, or put a token into the "
        "environment variable HF_TOKEN; nothing was uploaded"
    )


def test_the_extra_is_not_installed(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert refusal(export) == (
        "push and pull need the package huggingface_hub, which is not installed: pip install huggingface_hub"
    )


def test_a_wrong_token(hub, export, unverified, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN[:-1])
    assert refusal(export).startswith(f"{hub.url} does not accept your token (401); log in with")


@pytest.mark.parametrize(
    ("pattern", "status", "told"),
    [
        ("repos/create", 403, "your token has no right to do this at {url}/ada/digits (403: asked to)"),
        ("/commit/", 403, "your token has no right to do this"),
        ("/preupload/", 429, "{url} has had too many requests from you (429: asked to); wait some minutes"),
        ("lfs/objects/batch", 500, "{url} has a fault (500: asked to); try again later"),
        ("PUT /lfs/", 503, "{url} has a fault (503: asked to); try again later"),
        ("/commit/", 500, "{url} has a fault (500: asked to); try again later"),
        ("GET /api/models/", 502, "{url} has a fault (502: asked to); try again later"),
        ("/commit/", 409, "was changed by somebody else at the same time (409: asked to); try again"),
        ("repos/create", 400, "{url} refuses this (400: asked to)"),
    ],
)
def test_the_hub_refuses(hub, export, unverified, pattern, status, told):
    hub.fail(pattern, status)
    message = refusal(export)
    assert told.format(url=hub.url) in message
    assert message.endswith("; nothing was uploaded")
    made = hub.repositories.get(f"models/{NAME}")
    assert made is None or made.files.keys() == {".gitattributes"}


def test_the_card_has_front_matter_that_the_hub_refuses(hub, export, unverified):
    hub.fail("validate-yaml", 400, body={"errors": [{"message": "license must be known"}], "warnings": []})
    assert "the Hub does not take the front matter of the model card" in refusal(export)
    assert "license must be known" in refusal(export)


def test_the_network_is_down(hub, export, unverified, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert refusal(export).startswith("http://127.0.0.1:9 cannot be reached (")


def test_the_faster_way_up_fails(hub, export, unverified, monkeypatch):
    """Xet, which is written in Rust, has errors of its own; the fake knows no xet-write-token."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    assert refusal(export).startswith(f"{hub.url} cannot be reached (Network error: ")


def test_the_network_is_forbidden(hub, export, unverified, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.is_offline_mode", lambda: True)
    import huggingface_hub

    huggingface_hub.close_session()
    assert refusal(export).startswith("HF_HUB_OFFLINE is set")


def test_the_command(hub, export, unverified):
    result = CliRunner().invoke(main, ["push", str(export), NAME])
    assert result.exit_code == 0, result.output
    assert f"uploaded  {hub.url}/{NAME}\ndownload  dcgan-tf pull {NAME}\n" in result.output
    refused = CliRunner().invoke(main, ["push", str(export.parent), NAME])
    assert refused.exit_code == 1
    assert "is not an export" in refused.output


def test_the_fake_names_contents_as_git_does():
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
