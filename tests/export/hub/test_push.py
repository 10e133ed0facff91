"""`push_export`: one commit with an export that was verified, or nothing."""

from __future__ import annotations

import json
import logging
import re
import sys

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export import pull_export, push_export
from dcgan_tf.export.hub.client import OLDEST_CLIENT
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


def test_what_is_uploaded_through_a_link_is_not_said_to_be_left_out(
    hub, export, unverified, tmp_path, caplog, contents
):
    there = contents(export)
    for name in ("samples.png", "saved_model"):
        (export / name).rename(tmp_path / name)
        (export / name).symlink_to(tmp_path / name)
    push_export(export, NAME)
    assert "left out" not in caplog.text
    assert there.items() <= hub.repositories[f"models/{NAME}"].files.items()


def test_a_new_repository_may_be_private(hub, export, unverified):
    push_export(export, NAME, private=True)
    assert hub.repositories[f"models/{NAME}"].private


def test_a_public_repository_does_not_become_private_by_a_push(hub, export, unverified):
    hub.add(NAME, {"README.md": b""})
    assert refusal(export, private=True).startswith(f"{NAME} exists and is public")


# A repository that exists


def earlier(files, *more) -> dict[str, bytes]:
    """Return the files of an export that had some more, as its export.json says."""
    record = json.loads(files["export.json"])
    record["files"].update(dict.fromkeys(more, "0" * 64))
    return {**files, **dict.fromkeys(more, b"old"), "export.json": json.dumps(record).encode()}


def test_an_earlier_export_is_replaced_and_other_files_stay(hub, export, unverified, contents, caplog):
    others = {"LICENSE": b"MIT", "web/own.js": b"own", "generator-int8.tflite": b"own"}
    hub.add(NAME, {**earlier(contents(export), "model.keras", "generator-fp16.tflite"), **others})
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        push_export(export, NAME)
    assert "this one has not: model.keras, generator-fp16.tflite\n" in caplog.text
    assert hub.repositories[f"models/{NAME}"].files == {
        **contents(export),
        **others,
        "README.md": (export / "MODEL_CARD.md").read_bytes(),
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"some": "other tool"}', "cannot read model in ada/digits/export.json: expected an object"),
        (b"[", "cannot read ada/digits/export.json: it is not JSON"),
        (b" " * ((1 << 23) + 1), "export.json has 8,388,609 bytes"),
    ],
)
def test_an_export_json_of_another_program_is_refused(hub, export, unverified, content, told):
    files = {"export.json": content, "model.keras": b"precious", "web/app.js": b"mine"}
    made = hub.add(NAME, files)
    message = refusal(export)
    assert told in message
    assert message.endswith("; push to another name, or remove that file on the Hub")
    assert made.files == files


def test_a_readme_that_was_edited_on_the_hub_stays(hub, export, unverified, caplog):
    push_export(export, NAME)
    repository = hub.repositories[f"models/{NAME}"]
    repository.commit({**repository.files, "README.md": b"---\nlicense: mit\n---\n"})
    (export / "MODEL_CARD.md").write_text("another card")
    push_export(export, NAME)
    assert repository.files["README.md"] == b"---\nlicense: mit\n---\n"
    assert repository.files["MODEL_CARD.md"] == b"another card"
    assert "README.md was written on the Hub and stays as it is; the new card is MODEL_CARD.md" in caplog.text


def test_a_readme_that_was_there_before_the_first_push_stays(hub, export, unverified, caplog):
    made = hub.add(NAME, {"README.md": b"---\nlicense: mit\n---\nmy words", ".gitattributes": b""})
    push_export(export, NAME)
    assert made.files["README.md"] == b"---\nlicense: mit\n---\nmy words"
    assert made.files["MODEL_CARD.md"] == (export / "MODEL_CARD.md").read_bytes()
    assert "To show the card, remove README.md on the Hub and push again" in caplog.text


def test_a_readme_that_is_the_new_card_already_is_no_reason_to_warn(hub, export, unverified, caplog):
    card = (export / "MODEL_CARD.md").read_bytes()
    made = hub.add(NAME, {"README.md": card})
    push_export(export, NAME)
    assert made.files["README.md"] == card
    assert "README.md" not in caplog.text


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


def test_a_commit_of_somebody_else_in_between_is_not_overwritten(
    hub, export, unverified, contents, monkeypatch
):
    made = hub.add(NAME, contents(export))
    from dcgan_tf.export.hub import push

    said = push._say

    def meanwhile(*arguments, **more):
        made.commit({"LICENSE": b"new"})
        return said(*arguments, **more)

    monkeypatch.setattr(push, "_say", meanwhile)
    assert "was changed by somebody else at the same time (412: the branch has moved)" in refusal(export)
    assert made.files.keys() == {"LICENSE"}


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
        "push and pull need the package huggingface_hub, which is not installed: "
        'pip install "huggingface_hub>=2.4"'
    )


@pytest.mark.parametrize("version", ["0.36.2", "1.3.0", "2.3.9"])
def test_the_extra_is_too_old(hub, export, monkeypatch, version):
    monkeypatch.setattr("huggingface_hub.__version__", version)
    assert refusal(export) == (
        f"push and pull need huggingface_hub 2.4 or newer, found {version}: "
        'pip install "huggingface_hub>=2.4"'
    )
    assert hub.requests == []


@pytest.mark.parametrize("version", ["2.4.0", "2.4.0rc1", "2.10.0.dev0"])
def test_the_extra_is_new_enough(hub, export, unverified, monkeypatch, version):
    monkeypatch.setattr("huggingface_hub.__version__", version)
    assert push_export(export, NAME) == f"{hub.url}/{NAME}"


def test_one_version_is_asked_for_everywhere():
    assert f"huggingface_hub >={OLDEST_CLIENT}, <" in (ROOT / "setup.cfg").read_text()
    guide = (ROOT / "docs" / "guides" / "hubs.md").read_text()
    assert f'pip install "huggingface_hub>={OLDEST_CLIENT}"' in guide


def test_without_a_token_tensorflow_is_not_imported(hub, export, tmp_path, without_tensorflow):
    """Nobody waits for TensorFlow, or reads its noise, to be told to log in."""
    nobody = {"HF_TOKEN": "", "HF_TOKEN_PATH": str(tmp_path / "none"), "HF_HOME": str(tmp_path)}
    done = without_tensorflow(["push", str(export), NAME], nobody)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"dcgan-tf: you are not logged in to {hub.url}: log in with `hf auth login`"
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
    said = CliRunner().invoke(main, ["push", str(export), NAME, "--json"]).stdout
    assert json.loads(said) == {"export": str(export), "address": f"{hub.url}/{NAME}"}
    refused = CliRunner().invoke(main, ["push", str(export.parent), NAME])
    assert refused.exit_code == 1
    assert "is not an export" in refused.output


def test_the_fake_names_contents_as_git_does():
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
