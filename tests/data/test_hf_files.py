"""Pictures are read from what was downloaded, and from no other file of this computer."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from dcgan_tf.data import hf, load_data
from dcgan_tf.data.image_set import BadFile
from hub_pictures import BLUE, RED, parquet, png


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
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
    paths = ["other.png::good.zip", "a.png::cut.zip", "a.png::none.zip", "a.png::changed.zip", "a.png"]
    rows = [{"bytes": None, "path": f"zip://{path.replace('::', f'::{place}/')}"} for path in paths]
    hub.add("ada/faces", {"train.parquet": parquet({"image": [png(RED), *rows]})}, kind="datasets")
    found = load_data(config(max_bad_fraction=0.9))
    assert found.images[:, 4, 4].tolist() == [list(RED)]
    assert len(found.bad_files) == len(paths)
