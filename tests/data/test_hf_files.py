"""Pictures are read from what was downloaded, and from no other file of this computer."""

from __future__ import annotations

import errno
import io
import zipfile
from pathlib import Path

import pytest

from dcgan_tf.data import hf, hf_files, load_data
from dcgan_tf.data.hf_files import DownloadedFiles
from dcgan_tf.data.image_set import BadFile
from hub_pictures import BLUE, RED, error_of, parquet, png


def archive(*, packed: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as made:
        for name, content in members.items():
            made.writestr(f"{name}.png", content)
    return out.getvalue()


def test_pictures_in_a_zip_archive(hub, config):
    hub.add(
        "ada/faces", {"data/train.zip": archive(a=png(RED), b=b"no picture", c=png(BLUE))}, kind="datasets"
    )
    found = load_data(config(max_bad_fraction=0.5))
    assert found.images[:, 4, 4].tolist() == [list(RED), list(BLUE)]
    assert [bad.file for bad in found.bad_files] == ["example 1"]
    assert hf.first_images(config(), 3)[2] == png(BLUE)


@pytest.mark.parametrize("inside", [True, False])
def test_an_archive_of_this_computer_is_not_read(inside, hub, config, tmp_path):
    """It is if `datasets` has downloaded it: the same row is a picture then."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE) if inside else tmp_path
    place.mkdir(parents=True, exist_ok=True)
    (place / "private.zip").write_bytes(archive(a=png(BLUE)))
    rows = [png(RED), {"bytes": None, "path": f"zip://a.png::{place / 'private.zip'}"}]
    hub.add("ada/faces", {"train.parquet": parquet({"image": rows})}, kind="datasets")
    found = load_data(config(max_bad_fraction=0.5))
    assert found.images[:, 4, 4].tolist() == [list(RED), list(BLUE)][: 1 + inside]
    refused = BadFile("example 1", "not a file that was downloaded with the dataset")
    assert found.bad_files == (() if inside else (refused,))


def test_what_an_archive_does_not_hold_is_a_bad_picture(hub, config, tmp_path):
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    place.mkdir(parents=True, exist_ok=True)
    whole = archive(a=png(BLUE))
    (place / "good.zip").write_bytes(whole)
    (place / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (place / "changed.zip").write_bytes(whole.replace(b"IDAT", b"XXXX"))
    packed = archive(packed=zipfile.ZIP_LZMA, a=png(BLUE))
    (place / "packed.zip").write_bytes(packed[:60] + bytes(20) + packed[80:])
    members = ("other", "good"), ("a", "cut"), ("a", "none"), ("a", "changed"), ("a", "packed")
    paths = ["zip://a.png", *(f"zip://{name}.png::{place}/{file}.zip" for name, file in members)]
    rows = [{"bytes": None, "path": path} for path in paths]
    hub.add("ada/faces", {"train.parquet": parquet({"image": [png(RED), *rows]})}, kind="datasets")
    found = load_data(config(max_bad_fraction=0.9))
    assert found.images[:, 4, 4].tolist() == [list(RED)]
    assert len(found.bad_files) == len(paths)


def test_a_fault_of_the_disk_is_not_a_bad_picture(hub, config, monkeypatch):
    """What is wrong now would stand in the cache for ever."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    hub.add("ada/faces", {"data/train.zip": archive(a=png(RED))}, kind="datasets")
    load_data(config(image_size=(16, 16)))  # downloads it
    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    assert "a.png in " in (said := error_of(config()))
    assert said.endswith("(Input/output error): the disk or the network has a fault; try again when it works")
    monkeypatch.undo()
    assert len(load_data(config())) == 1


def test_what_unpacks_to_more_than_a_picture_is_not_unpacked(hub, config, monkeypatch):
    monkeypatch.setattr(hf_files, "LARGEST", 1000)
    members = {"a": png(RED), "b": png(BLUE) + bytes(1000)}
    hub.add("ada/faces", {"data/train.zip": archive(packed=zipfile.ZIP_DEFLATED, **members)}, kind="datasets")
    found = load_data(config(max_bad_fraction=0.5))
    assert found.images[:, 4, 4].tolist() == [list(RED)]
    assert [bad.file for bad in found.bad_files] == ["example 1"]


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_many_archives_need_few_open_files(hub, config, tmp_path):
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE)
    place.mkdir(parents=True, exist_ok=True)
    for i in range(30):
        (place / f"{i}.zip").write_bytes(archive(a=png(RED)))
    files = DownloadedFiles()
    before = open_files()
    for i in range(30):
        assert files.encoded({"path": f"zip://a.png::{place}/{i}.zip"}) == png(RED)
    assert open_files() <= before + 1
