"""Where an export is put: only what an export wrote is replaced, and a kill at any moment loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcgan_tf.errors import ExportError, StorageError
from dcgan_tf.export import placing
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported, is_export
from dcgan_tf.export.placing import interrupted, written_aside
from dcgan_tf.runs.records import write_json
from places import ROOT

PORTRAITS = ROOT / "saved_models" / "portraits"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(target: Path, *, force: bool = True) -> None:
    """Do what an export does, in no time."""
    with written_aside(target, force=force) as aside:
        (aside / "model.keras").write_text("new")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a photograph")
    return folder


# Only what an export wrote is replaced


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"5",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"chats": ["hello"]}',
        b'{"model": {}, "artefacts": {}, "files": {}}',
        b'{"model": {"step": 1}, "files": {"a.jpg": "0"}}',
    ],
)
def test_a_folder_with_any_other_export_json_is_never_replaced(photos, content):
    (photos / "export.json").write_bytes(content)
    before = everything_in(photos)
    for force in (False, True):
        with pytest.raises(ExportError, match=r"photos is not an export: .*; remove the folder yourself"):
            write(photos, force=force)
    assert everything_in(photos) == before
    assert [path.name for path in photos.parent.iterdir()] == ["photos"]


def test_only_export_json_is_not_an_empty_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "export.json").touch()
    with pytest.raises(ExportError, match="is not an export"):
        write(tmp_path / "a")


@pytest.mark.parametrize("name", ["holiday.jpg", "web/old page.html", ".env", ".git/config", "more/a/b.txt"])
def test_files_that_no_export_wrote_are_kept_and_named(copy, name):
    (copy / name).parent.mkdir(parents=True, exist_ok=True)
    (copy / name).write_text("mine")
    before = everything_in(copy)
    with pytest.raises(ExportError) as caught:
        write(copy)
    assert f"it holds files that no export wrote: {name}; move them elsewhere" in str(caught.value)
    assert everything_in(copy) == before


def test_links_are_kept_and_named_wherever_they_lead(copy, photos):
    (copy / "album").symlink_to(photos)
    (copy / "samples.png").unlink()
    (copy / "samples.png").symlink_to(photos / "a.jpg")
    with pytest.raises(ExportError, match=r"files that no export wrote: album, samples\.png;"):
        write(copy)
    assert everything_in(photos) == {"a.jpg": b"a photograph"}


def test_of_many_files_the_first_are_named(copy):
    for number in range(25):
        (copy / f"{number:02}.jpg").touch()
    with pytest.raises(ExportError, match=r"files that no export wrote: 00\.jpg, .*, 09\.jpg and 15 more;"):
        write(copy)


def test_a_card_that_somebody_has_edited_is_kept(copy):
    with (copy / "MODEL_CARD.md").open("a") as card:
        card.write("\nWhat I found out about it.\n")
    with pytest.raises(ExportError, match=r"has been changed since it was exported: MODEL_CARD\.md;"):
        write(copy)
    assert (copy / "MODEL_CARD.md").read_text().endswith("What I found out about it.\n")


def test_what_file_managers_leave_everywhere_does_not_count(copy, tmp_path):
    for name in (".DS_Store", "web/.DS_Store", "Thumbs.db", "._samples.png"):
        (copy / name).touch()
    write(copy)
    assert everything_in(copy) == {"model.keras": b"new"}
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    write(tmp_path / "empty", force=False)
    assert everything_in(tmp_path / "empty") == {"model.keras": b"new"}


def test_the_export_in_the_repository_may_be_replaced():
    placing.refuse_existing(PORTRAITS, force=True)


def test_an_export_that_lost_a_file_may_be_replaced(copy):
    (copy / "samples.png").unlink()
    write(copy)
    assert everything_in(copy) == {"model.keras": b"new"}


def test_names_that_lead_out_of_the_folder_or_are_no_export_s_make_no_export(copy, photos):
    record = json.loads((copy / "export.json").read_text())
    for name in ("../photos/a.jpg", str(photos / "a.jpg"), "web/../../photos/a.jpg", "photos/a.jpg", "."):
        write_json(copy / "export.json", {**record, "files": {name: "0" * 64}})
        with pytest.raises(ExportError, match="files must be an export's, each with its SHA-256"):
            write(copy)
    write_json(copy / "export.json", {**record, "artefacts": {"../photos/saved_model": {}}})
    with pytest.raises(ExportError, match="artefacts must be of"):
        write(copy)


# A kill at any moment


def killed_at(moment: str, target: Path) -> None:
    """Write an export in a process of its own that is killed when it renames or removes for the nth time."""
    code = f"""
import os, signal, shutil, sys
from pathlib import Path
from dcgan_tf.export.placing import written_aside
moment, done = {moment!r}, []
def counted(name, function):
    def counting(*arguments, **options):
        done.append(name)
        if moment == f"{{name}} {{done.count(name)}}":
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return counting
Path.rename = counted("rename", Path.rename)
shutil.rmtree = counted("rmtree", shutil.rmtree)
with written_aside(Path({str(target)!r}), force=True) as aside:
    (aside / "model.keras").write_text("new")
    if moment == "writing":
        os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == -9


@pytest.mark.parametrize("moment", ["writing", "rename 1", "rename 2", "rmtree 1"])
def test_what_a_killed_export_left_is_put_right_by_the_next(copy, moment):
    before = everything_in(copy)
    killed_at(moment, copy)
    if moment == "rename 2":  # the earlier one has been moved, the new one has not
        assert not copy.exists()
        assert everything_in(interrupted(copy)) == before
        assert is_export(copy)
        for read in (Exported.open, verify_export):
            with pytest.raises(
                ExportError, match=r"the earlier export lies in .*old-.* Rename that to tiny, or"
            ):
                read(copy)
    with pytest.raises(
        ExportError, match="tiny exists; --force replaces" if moment != "rmtree 1" else "not an"
    ):
        write(copy, force=False)
    assert [path.name for path in copy.parent.iterdir()] == ["tiny"]
    assert everything_in(copy) == (before if moment != "rmtree 1" else {"model.keras": b"new"})


def test_the_scratch_folder_of_an_export_that_still_runs_is_left_alone(tmp_path):
    with written_aside(tmp_path / "a", force=False) as first:
        (first / "model.keras").write_text("first")
        write(tmp_path / "a", force=False)
        assert (first / "model.keras").read_text() == "first"
        (tmp_path / "a" / "model.keras").unlink()
    assert everything_in(tmp_path) == {"a/model.keras": b"first"}


def test_folders_that_only_look_like_scratch_are_left_alone(tmp_path):
    for name in (".a.part-0123abcd", ".a.part-mine", ".b.part-0123abcd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").touch()
    write(tmp_path / "a", force=False)
    assert len(everything_in(tmp_path)) == 4


def test_a_file_that_comes_at_the_last_moment_is_kept(copy, monkeypatch, caplog):
    put = placing._put_in_place

    def meanwhile(aside: Path, target: Path, *, old: Path) -> None:
        (target / "late.txt").write_text("mine")
        put(aside, target, old=old)

    monkeypatch.setattr(placing, "_put_in_place", meanwhile)
    write(copy)
    (old,) = (path for path in copy.parent.iterdir() if ".old-" in path.name)
    assert (old / "late.txt").read_text() == "mine"
    assert f"the earlier export is kept in {old}, because of late.txt" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match=r"could not write .*a: Permission denied"):
        write(tmp_path / "a")


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(ExportError, match="a exists and is not an export"):
        write(tmp_path / "a")
    with pytest.raises(StorageError, match=r"could not write .*b"):
        write(tmp_path / "a" / "b")


@pytest.mark.parametrize("named", [".", "..", "../export"])
def test_the_current_folder_is_not_replaced_from_within(tmp_path, monkeypatch, named):
    here = tmp_path / "export"
    (here / "web").mkdir(parents=True)
    monkeypatch.chdir(here / "web" if named == ".." else here)
    with pytest.raises(ExportError, match=r"is the current folder, or holds it.* change to another folder"):
        write(Path(named))
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    monkeypatch.chdir(tmp_path)
    write(Path("export"))
    assert [path.name for path in here.iterdir()] == ["model.keras"]


def stopped(target: Path, *, beside: Path | None = None) -> None:
    """Stop while an export is written, after somebody else has written another file."""
    with written_aside(target, force=False):
        if beside:
            beside.write_text("of somebody else")
        raise KeyboardInterrupt


def test_a_failure_removes_the_folders_that_it_made_and_no_other(tmp_path):
    (tmp_path / "kept").mkdir()
    with pytest.raises(KeyboardInterrupt):
        stopped(tmp_path / "kept" / "a" / "b" / "c")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept"]
    with pytest.raises(KeyboardInterrupt):
        stopped(tmp_path / "a" / "b" / "c", beside=tmp_path / "a" / "notes.txt")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "kept", "notes.txt"]


def test_a_large_folder_is_not_listed_to_see_that_it_is_not_empty(photos, monkeypatch):
    def first(self, pattern):
        yield photos / "a.jpg"
        pytest.fail("the second file was asked for")

    monkeypatch.setattr(Path, "rglob", first)
    with pytest.raises(ExportError, match="photos exists and is not an export"):
        placing.refuse_existing(photos, force=True)


def test_a_circle_of_links_is_an_error(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(
        StorageError, match=r"could not write .*: Too many levels|could not write .*: Not a dir"
    ):
        write(tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
