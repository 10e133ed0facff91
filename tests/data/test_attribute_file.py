from __future__ import annotations

import numpy as np
import pytest
from odd_images import encoded

from dcgan_tf.config import DataConfig
from dcgan_tf.data import image_folder
from dcgan_tf.data.attribute_file import read_attributes

FILES = ["a.png", "b/c.png"]


def read(tmp_path, text, *, needed=FILES, known=FILES):
    (tmp_path / "attributes.csv").write_text(text, encoding="utf-8")
    return read_attributes(tmp_path / "attributes.csv", known=known, needed=needed)


def test_binary_and_continuous_columns_in_the_order_asked_for(tmp_path):
    text = "smiling,file,celeb,told,age\n1,a.png,-1,True,-0.5\n0,./b/c.png,1,false,1\n"
    found = read(tmp_path, text).of(["b/c.png", "a.png"])
    assert {name: values.tolist() for name, values in found.items()} == {
        "smiling": [0, 1],
        "celeb": [1, 0],
        "told": [0, 1],
        "age": [1.0, -0.5],
    }
    assert found["celeb"].dtype == np.uint8
    assert found["age"].dtype == np.float32


def test_minus_one_beside_zero_is_continuous(tmp_path):
    found = read(tmp_path, "file,x\na.png,-1\nb/c.png,0\n").of(FILES)
    assert found["x"].dtype == np.float32
    assert found["x"].tolist() == [-1, 0]


def test_mark_of_excel_and_blank_lines_are_passed_over(tmp_path):
    found = read(tmp_path, "\ufefffile,x\r\na.png,1\r\n\r\nb/c.png,0\r\n,\r\n").of(FILES)
    assert found["x"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "attributes.csv is empty, expected a first line such as file,smiling"),
        ("name,x\na.png,1\n", r"line 1: expected the column names file,NAME,\.\.\. .* found 'name,x'"),
        ("file;x\na.png;1\n", r"line 1: .* separated by commas, found 'file;x'"),
        ("file\na.png\n", "line 1: expected the column names"),
        ("file,x,x\na.png,1,1\n", "line 1: each column needs a name of its own, found 'x'"),
        ("file,x,\na.png,1,1\n", "line 1: each column needs a name of its own, found ''"),
        ("file,x\na.png,1\nb/c.png,yes\n", r"line 3, x: expected 0 or 1, true or false, .* found 'yes'"),
        ("file,x\na.png,1.5\n", r"line 2, x: .* number in \[-1, 1\], found '1.5'"),
        ("file,x\na.png,nan\n", "line 2, x: .* found 'nan'"),
        ("file,x\na.png,\n", "line 2, x: .* found ''"),
        ("file,x\n\na.png,1,0\n", "line 3: expected 2 values, found 3"),
        ("file,x\na.png,1\nb/c.png,0\na.png,1\n", "line 4: a.png has a row already, in line 2"),
        ("file,x\na.png,1\n", r"has no row for 1 of the images: b/c\.png"),
        (
            "file,x\na.png,1\nb/c.png,0\nq.png,1\nr.png,1\n",
            r"rows for 2 files that are not there: q\.png, r\.png",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


def load(root, tmp_path, **changes):
    settings = {"spec": str(root), "image_size": (8, 8), "cache_dir": str(tmp_path / "cache")}
    return image_folder.load(DataConfig(**(settings | {"max_bad_fraction": 0.5} | changes)), split="train")


def test_attributes_of_a_folder_follow_its_good_files(tmp_path):
    root = tmp_path / "faces"
    root.mkdir()
    for name in ("a.png", "c.png"):
        (root / name).write_bytes(encoded("PNG"))
    (root / "b.png").write_text("bad, but has a row")
    (root / "d.png").touch()  # bad, and has none
    (root / "attributes.csv").write_text("file,x\nc.png,1\nb.png,1\na.png,0\n")
    assert load(root, tmp_path).attributes["x"].tolist() == [0, 1]
    (root / "attributes.csv").write_text("file,x\nc.png,0\nb.png,1\na.png,1\n")
    assert load(root, tmp_path).attributes["x"].tolist() == [1, 0]


def test_rows_of_another_split_are_fine(tmp_path):
    root = tmp_path / "faces"
    for name in ("train/a.png", "test/b.png"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_bytes(encoded("PNG"))
    (root / "attributes.csv").write_text("file,x\ntest/b.png,1\ntrain/a.png,0\n")
    assert load(root, tmp_path).attributes["x"].tolist() == [0]
