"""What a finding leaves in its folder."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.analysis.figures import bar_chart, image_rows, new_figure
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.errors import StorageError


@pytest.fixture
def finding() -> Finding:
    figure = new_figure(4, 3, title="a title")
    bar_chart(figure.subplots(), ["one", "two"], {"this run": [0.5, 1.0], "chance": [0.1, 0.2]})
    return Finding(
        name="walk",
        summary="it walks",
        protocol={"seed": 3, "seconds": 1.5},
        measures=(Measure("smoothness", 1.25, "ratio", {"cross-fade": 2.0}, "less is better"),),
        figure=figure,
        details={"steps": [1, 2]},
        warnings=("take care",),
        files={"walk.gif": lambda path: path.write_bytes(b"gif")},
    )


def test_the_result_has_everything_but_the_pictures(finding, tmp_path):
    folder = finding.save(str(tmp_path / "a" / "walk"))
    assert folder == tmp_path / "a" / "walk"
    result = json.loads((folder / "result.json").read_text())
    assert result == {
        "analysis": "walk",
        "summary": "it walks",
        "protocol": {"seed": 3, "seconds": 1.5},
        "measures": [
            {
                "name": "smoothness",
                "value": 1.25,
                "unit": "ratio",
                "controls": {"cross-fade": 2.0},
                "meaning": "less is better",
            }
        ],
        "details": {"steps": [1, 2]},
        "warnings": ["take care"],
        "files": ["figure.png", "walk.gif"],
    }
    assert (folder / "walk.gif").read_bytes() == b"gif"


def test_what_is_not_finite_is_null_in_the_result(finding, tmp_path):
    odd = dataclasses.replace(
        finding,
        measures=(Measure("a", float("nan"), "ratio", {"b": float("inf"), "c": 1.0}, "m"),),
        details={"steps": [1.5, float("nan"), {"deep": (-np.inf, np.float64("nan"))}]},
    )
    content = (odd.save(tmp_path) / "result.json").read_text()
    result = json.loads(content, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert result["measures"][0]["value"] is None
    assert result["measures"][0]["controls"] == {"b": None, "c": 1.0}
    assert result["details"] == {"steps": [1.5, None, {"deep": [None, None]}]}


@pytest.mark.parametrize("name", ["$10^$", "\x1b[2Jcat", "a_{b}$"])
def test_names_stand_in_a_figure_as_they_are(name):
    figure = new_figure(4, 3, title=name)
    bar_chart(figure.subplots(), [name], {name: [0.5], "chance": [0.1]}, title=name)
    assert Finding("walk", "", {}, (), figure).figure_png.startswith(b"\x89PNG")
    assert not any(
        "\x1b" in text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))
    )


def test_the_same_figure_gives_the_same_file(finding, tmp_path):
    folder = finding.save(tmp_path)
    first = (folder / "figure.png").read_bytes()
    assert finding.save(tmp_path / "again").joinpath("figure.png").read_bytes() == first
    with Image.open(folder / "figure.png") as picture:
        assert picture.size == (600, 450)


def test_the_result_is_written_last(finding, tmp_path):
    """A folder with a result is complete: what reads it need not check."""

    def full_disk(path):
        raise OSError("no space left")

    broken = dataclasses.replace(finding, files={"walk.gif": full_disk})
    with pytest.raises(OSError, match="no space left"):
        broken.save(tmp_path)
    assert not (tmp_path / "result.json").exists()


def test_a_folder_that_cannot_be_made_is_named(finding, tmp_path):
    (tmp_path / "walk").write_text("a file in the place of the folder")
    with pytest.raises(StorageError, match=r"could not write .*walk"):
        finding.save(tmp_path / "walk")


def test_rows_of_pictures_are_laid_out_as_they_come():
    figure = new_figure(4, 3)
    axes = figure.subplots()
    red = np.zeros((3, 4, 5, 3), np.uint8)
    red[..., 0] = 200
    image_rows(axes, [("three", red), ("one", red[:1])], headings=["a", "b", "c"])
    (drawn,) = axes.get_images()
    canvas = np.asarray(drawn.get_array())
    assert canvas.shape == (2 * 6 + 2, 3 * 7 + 2, 3)
    assert (canvas[2:6, 2:7] == [200, 0, 0]).all()
    assert (canvas[8:12, 2:7] == [200, 0, 0]).all()
    assert (canvas[8:12, 9:] == 255).all()
    assert {text.get_text() for text in axes.texts} == {"three", "one", "a", "b", "c"}


def test_bars_carry_their_values():
    axes = new_figure(4, 3).subplots()
    bar_chart(axes, ["one", "two"], {"this run": [0.5, 1.0], "chance": [0.1, 0.25]})
    assert [text.get_text() for text in axes.texts] == ["50", "100", "10", "25"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["this run", "chance"]


def test_a_notebook_shows_it_by_itself(finding):
    assert finding._repr_png_() == finding.figure_png
    assert finding.figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
