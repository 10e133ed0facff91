"""Which datasets of the Hub are opened, and what is said of the others."""

from __future__ import annotations

import configparser
import importlib.metadata

import pytest

from dcgan_tf.data import hf_builder, load_data
from dcgan_tf.errors import DataError
from hub_pictures import BLUE, RED, error_of, faces, png
from places import ROOT


def card(text: str) -> dict[str, bytes]:
    """Return a repository whose card has these first lines."""
    return {"README.md": f"---\n{text}\n---\n".encode(), "train.parquet": b""}


def test_a_folder_of_the_same_name_here_is_not_taken(hub, config, tmp_path, monkeypatch):
    hub.add("ada/faces", {"train.parquet": faces(RED)}, kind="datasets")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada" / "faces").mkdir(parents=True)
    assert len(load_data(config())) == 1


def test_a_configuration(hub, config):
    configs = "".join(f"- config_name: {name}\n  data_files: {name}/*\n" for name in ("warm", "cold"))
    card = f"---\nconfigs:\n{configs}---\n".encode()
    files = {"README.md": card, "warm/a.parquet": faces(RED), "cold/a.parquet": faces(BLUE)}
    hub.add("ada/rooms", files, kind="datasets")
    assert load_data(config("rooms/cold")).images[0, 4, 4].tolist() == list(BLUE)
    for name in ("rooms", "rooms/hot"):
        assert error_of(config(name)) == (
            f"hf:ada/{name} must name one of the configurations of ada/rooms: warm, cold; such as "
            "hf:ada/rooms/warm"
        )


@pytest.mark.parametrize("name", ["c++", "a b", "2024-05", "été"])
def test_a_configuration_may_have_any_name_that_datasets_allows(hub, config, name):
    both = "".join(
        f"- config_name: {each}\n  data_files: {file}.parquet\n" for each, file in ((name, "a"), ("z", "b"))
    )
    files = {
        "README.md": f"---\nconfigs:\n{both}---\n".encode(),
        "a.parquet": faces(BLUE),
        "b.parquet": faces(RED),
    }
    hub.add("ada/cfg", files, kind="datasets")
    assert f"such as hf:ada/cfg/{name}" in error_of(config("cfg"))
    assert load_data(config(f"cfg/{name}")).images[0, 4, 4].tolist() == list(BLUE)


@pytest.mark.parametrize("files", ["*.png", "private.png"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_of_this_computer_are_not_those_of_a_dataset(hub, config, tmp_path, files, scheme):
    (tmp_path / "private.png").write_bytes(png(RED))
    text = f"configs:\n- config_name: a\n  data_files: {scheme}{tmp_path}/{files}"
    hub.add("ada/faces", card(text), kind="datasets")
    assert "cannot be read: Data files don't belong to ada/faces" in error_of(config())


# The package


def test_setup_asks_for_the_release_that_is_needed():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    wanted = settings["options.extras_require"]["datasets"].strip().replace(" ", "")
    assert wanted == f"datasets>={hf_builder.OLDEST},<6"


def test_datasets_is_not_installed(config, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert error_of(config()) == (
        'hf:ada/faces needs the package datasets, which is not installed: pip install "datasets>=5.2,<6"'
    )


@pytest.mark.parametrize("installed", ["4.8.0", "5.1.9", "5"])
def test_datasets_is_too_old(config, monkeypatch, installed):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    assert error_of(config()) == (
        f"hf:ada/faces needs the package datasets 5.2 or later, {installed} is installed: "
        'pip install "datasets>=5.2,<6"'
    )


@pytest.mark.parametrize("installed", ["5.2.0", "5.10.1", "6.0.0.dev0"])
def test_datasets_is_new_enough(monkeypatch, installed):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    hf_builder.check_hub_dataset("hf:ada/faces")


# Errors: one line, with what to do


@pytest.mark.parametrize(
    "spec", ["hf:", "hf:faces", "hf:a/b/", "hf:/etc/passwd", "hf:a b/c", "hf:../x", "hf:a/b/c\n"]
)
def test_a_name_that_is_none(hub, config, spec):
    assert (
        error_of(config(spec=spec)) == f"data must be hf:USER/NAME or hf:USER/NAME/CONFIG, received {spec!r}"
    )
    assert hub.requests == []


def test_an_unknown_name(hub, config):
    message = error_of(config("nothing"))
    assert message.startswith("the Hub has no dataset ada/nothing that you may see (")
    assert "log in with `hf auth login`" in message


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"train.parquet": b"PAR1 and nothing else"}, "cannot be read: Parquet "),
        ({"README.md": b""}, "doesn't contain any data files"),
        ({"broken.py": b"import os"}, "Dataset scripts are no longer supported"),
        ({"README.md": b"---\nconfigs: [\n---\n", "train.parquet": b""}, "cannot be read: "),
        (card("configs: [5]"), "its card or its files have a form that the package datasets does not expect"),
        (card("configs:\n- config_name: 2024\n  data_files: train.parquet"), " does not expect (TypeError: "),
        (card("dataset_info:\n  features: 7"), "(TypeError: Expected a dict or a list but got"),
        (
            card("configs:\n- config_name: a\n  data_files:\n  - split: '../x'\n    path: train.parquet"),
            "cannot be read: Expected data_files in YAML to be either a string or a list of strings or ",
        ),
    ],
)
def test_damage(hub, config, files, told):
    hub.add("ada/broken", files, kind="datasets")
    assert told in error_of(config("broken"))


def test_the_hub_has_a_fault(config, hub):
    hub.add("ada/faces", {"train.parquet": faces(RED)}, kind="datasets")
    hub.fail("GET /cdn/", 500)
    assert "hf:ada/faces cannot be read: " in error_of(config())


def test_the_network_is_down(config, hub, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_ENDPOINT", "http://127.0.0.1:9")
    message = error_of(config("never-seen"))
    assert "hf:ada/never-seen is not on this computer yet, and the Hub cannot be reached (" in message


def test_a_repository_is_named_without_its_configuration():
    from datasets.exceptions import DatasetNotFoundError

    wanted = pytest.raises(DataError, match="the Hub has no dataset ada/faces that you may see")
    with wanted, hf_builder.one_sentence("hf:ada/faces/cold"):
        raise DatasetNotFoundError("gone")
