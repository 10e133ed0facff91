"""The README and the guides: every command and every piece of code in them is run, at a small size."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import small_commands
from documented import ALL_BLOCKS, PAGES, ROOT, Block, blocks_of, commands_in, name_of, text_of
from small_commands import PREPARED, few_samples, run

from fake_hub import fake_hub
from quick import few_portraits, quick_judges

README = text_of(ROOT / "README.md")
SHIP = text_of(ROOT / "docs" / "guides" / "ship.md")
RUN, SHOWN, PROGRAMS = ("bash", "python"), ("text",), ("kotlin", "swift", "js")
RECORD = json.loads((ROOT / "saved_models" / "portraits" / "export.json").read_text())

BUTTERFLIES = "huggan/smithsonian_butterflies_subset"

SMALL_SETTINGS = "steps=2, image_size=(16, 16), batch_size=8, filters=2, epochs=None"

each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with pictures and the trained generator; all pages are run in it and share runs."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "saved_models").mkdir()
    (folder / "saved_models" / "portraits").symlink_to(ROOT / "saved_models" / "portraits")
    with (
        pytest.MonkeyPatch.context() as patch,
        few_portraits(folder / "cache"),
        quick_judges(),
        few_samples(),
        fake_hub() as hub,
    ):
        hub.add(BUTTERFLIES, {"data/train-00000-of-00001.parquet": few_butterflies(40)}, kind="datasets")
        patch.chdir(folder)
        draw_pictures(folder / "pictures" / "cats", 40)
        draw_pictures(folder / "my-pictures", 60)
        for line in PREPARED:
            run(line.split(), workspace=folder)
        yield folder


def few_butterflies(number: int) -> bytes:
    """Return a Parquet file of pictures, as the Hub keeps them."""
    import datasets
    from PIL import Image

    drawn = np.random.default_rng(0).integers(0, 256, (number, 24, 24, 3), np.uint8)
    rows = {"name": [f"{i}" for i in range(number)], "image": [Image.fromarray(image) for image in drawn]}
    content = io.BytesIO()
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image()).to_parquet(content)
    return content.getvalue()


def draw_pictures(folder: Path, number: int) -> None:
    """Draw portraits of 16x16 pixels into a folder."""
    from PIL import Image

    from dcgan_tf import load_data, preset

    folder.mkdir(parents=True)
    images = load_data(preset("quick", image_size=(16, 16)).data).images[:number]
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:04d}.png")


# Every page


@each_page
def test_every_command_and_example_of_a_page_runs(page, workspace):
    names: dict = {}
    for block in blocks_of(page):
        if block.language == "bash":
            for words in commands_in(block.code, home=workspace):
                run(words, workspace=workspace)
        elif block.language == "python":
            execute(block, names)


def execute(block: Block, names: dict) -> None:
    """Run an example in Python with what the examples before it on its page have made."""
    shutil.rmtree("saved_models/digits", ignore_errors=True)  # of another page: exports replace nothing
    keras.utils.set_random_seed(0)  # other tests have trained, and training asks for determinism
    small = block.code.replace("steps=500", SMALL_SETTINGS).replace("num_images=110", "num_images=22")
    exec(compile("\n" * (block.line - 1) + small, block.page, "exec"), names)


@pytest.mark.parametrize("block", ALL_BLOCKS, ids=str)
def test_no_block_is_left_without_a_test(block):
    known = (*RUN, *PROGRAMS, *SHOWN)
    assert block.language in known, f"{block}: expected one of {known} behind the fence, and a test of it"
    if block.language in SHOWN:
        assert "dcgan-tf " not in block.code, f"{block}: a command belongs into a block of bash, which is run"


@each_page
def test_commands_are_fenced(page):
    """An indented command would be a block too, and nobody would run it."""
    programs = "|".join(map(re.escape, small_commands.PROGRAMS))
    unfenced = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(rf"^(?: {{4,}}|\t)(?:{programs}) .*", unfenced, re.MULTILINE) == []


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


# What ships


def test_it_says_what_to_take_from_somebody_unknown():
    assert "use its `.tflite` or `.onnx` file or its page: they can only compute" in SHIP


def ship_blocks(*languages: str) -> list[Block]:
    return [block for block in ALL_BLOCKS if block.language in languages]


@pytest.mark.parametrize(
    "block", [block for block in ship_blocks("python") if "saved_models/portraits/" in block.code], ids=str
)
def test_the_examples_of_exported_files_draw(block, workspace):
    names: dict = {}
    execute(block, names)
    image = np.asarray(names["images" if "images" in names else "image"])
    assert image.shape[1:] == (64, 64, 3)
    assert image.dtype == np.uint8
    assert image.std() > 20


@pytest.mark.parametrize("block", ship_blocks("js"), ids=str)
def test_programs_in_other_languages_fit_the_generator_of_the_repository(block):
    """Kotlin and Swift are those of examples/: see test_phone.py."""
    assert set(re.findall(r"generator-\w+", block.code)) == {"generator-dynamic"}
    assert "generator-dynamic.tflite" in RECORD["artefacts"]
    assert f"length: {RECORD['model']['latent_dim']}}}" in block.code
    assert "64 * 64" in block.code
    assert "serving_default" in block.code


def test_saved_model_cli_draws_what_the_guide_says(workspace):
    (line,) = re.findall(r"^saved_model_cli run (?:.*\\\n)*.*$", SHIP, re.MULTILINE)
    (words,) = commands_in(line, home=workspace)
    run(words, workspace=workspace)
    assert np.load(workspace / "drawn" / "image.npy").shape == (4, 64, 64, 3)
