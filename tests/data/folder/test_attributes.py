from __future__ import annotations

import contextlib
import os
import random

import numpy as np
import pytest

from dcgan_tf.config import DataConfig
from dcgan_tf.data.folder import loading
from dcgan_tf.data.folder.attributes import read_attributes
from dcgan_tf.errors import DcganError
from odd_images import encoded

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
        ("file,x\nq.png,1\nr.png,1\n", r"has no row for 2 of the images: a\.png, b/c\.png"),
        ('file,x\na.png,"1\n', "line 2, is not a line of a table: unexpected end of data"),
        ("\x89PNG\r\n\x1a\n", "line 1: expected the column names"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


TABLES = {
    "semicolons": "file;smile;age\na.png;1;0,5\nb/c.png;0;-1\n",
    "tabs": "file\tsmile\tage\na.png\t1\t0.5\nb/c.png\t0\t-1\n",
    "said by Excel": "sep=;\nfile;smile;age\na.png;1;0.5\nb/c.png;0;-1\n",
    "CelebA's list": "2\nsmile age\na.png  1 0.5\nb/c.png -1 -1\n",
    "without its count": "image_id smile age\na.png  1 0.5\nc.png -1 -1\n",
    "Kaggle's CelebA": "image_id,smile,age\na.png,1,0.5\nc.png,-1,-1\n",
    "capitals": "Filename,smile,age\na,1,0.5\nC:\\faces\\b\\c.png,0,-1\n",
    "a path": "smile,path,age\n1,./a.png,0.5\n0,b/c.png,-1\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_every_form_of_table_gives_the_same(tmp_path, text, encoding):
    path = tmp_path / "faces" / "attributes.csv"
    path.parent.mkdir()
    path.write_text(text, encoding=encoding)
    found = read_attributes(path, known=FILES, needed=FILES).of(FILES)
    assert {name: values.tolist() for name, values in found.items()} == {"smile": [1, 0], "age": [0.5, -1]}


def test_rows_of_files_that_are_not_there_are_counted(tmp_path, caplog):
    found = read(tmp_path, "file,x\na.png,1\nq.png,1\nb/c.png,0\nr.png,1\n")
    assert found.of(FILES)["x"].tolist() == [1, 0]
    assert caplog.messages[0].endswith("has rows for 2 missing files: q.png, r.png")


def test_capitals_may_differ_where_no_other_file_is_meant(tmp_path, caplog):
    found = read(tmp_path, "file,x\nA.PNG,1\nC.Png,0\nA.jpg,1\n").of(FILES)
    assert found["x"].tolist() == [1, 0]
    assert caplog.messages == [f"{tmp_path / 'attributes.csv'} has rows for 1 missing files: A.jpg"]
    exact = read(tmp_path, "file,x\nA.png,1\na.png,0\nb/c.png,1\n").of(FILES)
    assert exact["x"].tolist() == [0, 1]


def test_capitals_that_could_mean_several_files_or_rows_are_said(tmp_path):
    twins = ["0.JPG", "0.jpg"]
    found = read(tmp_path, "file,x\n0.jpg,1\n0.JPG,0\n", needed=twins, known=twins).of(twins)
    assert found["x"].tolist() == [0, 1]
    with pytest.raises(DcganError, match=r"no row for 1 of the images: 0\.JPG \(0\.JPG differs from an"):
        read(tmp_path, "file,x\n0.jpg,1\n0.Jpg,0\n", needed=twins, known=twins)
    with pytest.raises(DcganError, match=r"lines 2 and 3, may both mean a\.png; write it with the same capi"):
        read(tmp_path, "file,x\nA.png,1\na.PNG,0\nb/c.png,1\n")


@pytest.mark.parametrize(
    "name",
    ["attributes.csv.txt", "attributes (1).csv", "Attributes.xlsx", "list_attr.csv", "b/attribute.csv"],
)
def test_what_is_nearly_called_a_table_is_named(tmp_path, caplog, name):
    (tmp_path / "pets" / "b").mkdir(parents=True)
    for file in FILES:
        (tmp_path / "pets" / file).write_bytes(encoded("PNG"))
    (tmp_path / "pets" / name).write_text("file,x\n")
    assert load(tmp_path / "pets", tmp_path).attributes == {}
    told = f"{name} in {tmp_path / 'pets'} looks like a table of attributes and is not read: save it as"
    assert any(message.startswith(told) for message in caplog.messages)


def test_a_table_that_is_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "attributes.csv")
    with pytest.raises(ValueError, match="is not an ordinary file"):
        read_attributes(tmp_path / "attributes.csv", known=FILES, needed=FILES)


def load(root, tmp_path, **changes):
    settings = {"spec": str(root), "image_size": (8, 8), "cache_dir": str(tmp_path / "cache")}
    return loading.load(DataConfig(**(settings | {"max_bad_fraction": 0.5} | changes)), split="train")


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


@pytest.mark.parametrize("name", ["Attributes.csv", "list_attr_celeba.txt", "train/ATTRIBUTES.CSV"])
def test_the_table_is_found_in_any_letters_and_in_the_split(tmp_path, name):
    root = tmp_path / "faces"
    for image in ("train/a.png", "train/b.png", "test/a.png"):
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        (root / image).write_bytes(encoded("PNG"))
    (root / name).write_text("file x\ntrain/a.png 1\nb.png -1\n")
    assert load(root, tmp_path).attributes["x"].tolist() == [1, 0]


def test_two_tables_are_refused_rather_than_chosen_from(tmp_path):
    root = tmp_path / "faces"
    root.mkdir()
    (root / "a.png").write_bytes(encoded("PNG"))
    for name in ("attributes.csv", "Attributes.csv"):
        (root / name).write_text("file,x\na.png,1\n")
    with pytest.raises(ValueError, match=r"Attributes\.csv and attributes.csv in .* remove one"):
        load(root, tmp_path)


def test_names_that_a_mac_took_apart_are_found(tmp_path):
    root = tmp_path / "faces"
    root.mkdir()
    (root / "cafe\u0301.png").write_bytes(encoded("PNG"))
    (root / "attributes.csv").write_text("file,x\ncaf\u00e9.png,1\n", encoding="utf-8")
    assert load(root, tmp_path).attributes["x"].tolist() == [1]


def test_whatever_stands_in_a_table_is_read_or_told(tmp_path):
    """Four hundred tables with random damage, the same in every run."""
    path = tmp_path / "attributes.csv"
    generator = random.Random(0)
    inserted = [
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\0",
        b'"',
        b"\xff",
        b"\xff\xfe",
        b"nan",
        b"1e999",
        b"\x1c",
        b"\\",
    ]
    for _ in range(400):
        content = generator.choice(list(TABLES.values())).encode(generator.choice(["utf-8", "utf-16"]))
        for _ in range(generator.randrange(6)):
            place = generator.randrange(len(content) + 1)
            content = content[:place] + generator.choice(inserted) + content[place + generator.randrange(2) :]
        path.write_bytes(content[: generator.randrange(len(content) + 40)])
        with contextlib.suppress(DcganError):
            read_attributes(path, known=FILES, needed=FILES).of(FILES)
