"""The examples for phones and their guide: what they say of the exported files is true, and is the same.

No compiler of Kotlin or Swift is needed. The numbers under "as compiled" are those that the examples printed,
compiled with Kotlin 2.2.21 (on a JVM 17) and with Swift 6.0.3, both on Linux.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner
from documented import ROOT, blocks_of
from PIL import Image

from dcgan_tf.cli import main
from dcgan_tf.latents import sample_latents_without_tensorflow

sys.path.insert(0, str(ROOT / "scripts"))
import draw_phone

ANDROID, SWIFT = ROOT / "examples" / "android", ROOT / "examples" / "swift"
GUIDE = ROOT / "docs" / "guides" / "phone.md"
MODEL = "saved_models/portraits/generator-dynamic.tflite"
PORTRAITS = json.loads((ROOT / "saved_models" / "portraits" / "export.json").read_text())["model"]
CONDITIONAL = ("mnist", "cifar10")


def kotlin(name: str) -> str:
    return (ANDROID / "src" / "main" / "kotlin" / "dcgan" / "phone" / name).read_text()


def swift(name: str) -> str:
    return (SWIFT / "Sources" / "Pictures" / name).read_text()


def signature(path: Path) -> tuple[dict, dict]:
    """Return {name: (shape, type)} of the inputs and of the outputs of a file's signature."""
    runner = Interpreter(str(path)).get_signature_runner("serving_default")
    return tuple(
        {name: (detail["shape"].tolist(), detail["dtype"]) for name, detail in details.items()}
        for details in (runner.get_input_details(), runner.get_output_details())
    )


def lines_of(code: str) -> list[str]:
    return [line.strip() for line in code.splitlines() if line.strip()]


# What the examples say of the model


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (kotlin("Pictures.kt"), r"const val \w+ = (\d+)"),
        (swift("Pictures.swift"), r"static let \w+ = (\d+)"),
    ],
    ids=["kotlin", "swift"],
)
def test_the_numbers_of_the_examples_are_those_of_the_model(text, pattern):
    height, width, channels = PORTRAITS["image_shape"]
    expected = [PORTRAITS["latent_dim"], width, height, channels]
    assert [int(number) for number in re.findall(pattern, text)] == expected


def test_the_names_and_types_in_the_examples_are_those_of_the_model():
    inputs, outputs = signature(ROOT / MODEL)
    assert inputs == {"z": ([1, PORTRAITS["latent_dim"]], np.float32)}
    assert outputs == {"image": ([1, *PORTRAITS["image_shape"]], np.uint8)}
    assert PORTRAITS["latent_distribution"] == "normal"
    generator = kotlin("Generator.kt")
    assert re.findall(r'createInputBuffer\("(\w+)"', generator) == list(inputs)
    assert re.findall(r'createOutputBuffer\("(\w+)"', generator) == list(outputs)
    assert 'mapOf("z" to z), mapOf("image" to image), SIGNATURE' in generator
    assert 'SIGNATURE = "serving_default"' in generator
    assert "z.writeFloat(" in generator
    assert "image.readInt8()" in generator
    assert "-> [UInt8]" in swift("Generator.swift")


@pytest.mark.parametrize("name", CONDITIONAL)
def test_conditional_generators_take_the_label_that_the_guide_names(name):
    inputs, _ = signature(ROOT / "saved_models" / name / "generator-dynamic.tflite")
    assert set(inputs) == {"z", "label"}
    assert inputs["label"] == ([1], np.int32)
    guide = GUIDE.read_text()
    assert 'createInputBuffer("label", SIGNATURE)' in guide
    assert "label.writeInt(intArrayOf(7))" in guide
    assert "[Int32(7)]" in guide


def test_one_accelerator_alone_is_asked_for():
    """With the CPU beside it, LiteRT would fall back without a word."""
    assert re.findall(r"CompiledModel\.Options\((.*?)\)", kotlin("Generator.kt")) == ["accelerator"]
    asked = re.findall(r"setHardwareAccelerators\((.*)\)", swift("Generator.swift"))
    assert asked == ["onGPU ? [.gpu] : [.cpu]"]


# As compiled: the first and last numbers of 16 latents of seed 7, and SHA-256 of all, float32, little-endian


@pytest.mark.parametrize(
    ("latents", "first", "last", "digest"),
    [
        (
            draw_phone.java_latents,
            [0.845206081867218, 0.9128761887550354, -0.2870786488056183],
            1.529211401939392,
            "c6fbdf247c9f8cd863dbbb6312da176ee468e02a15cd4766247afcc5cf3d8dc4",
        ),
        (
            draw_phone.swift_latents,
            [1.3649922609329224, -0.39652398228645325, 0.0044985259883105755],
            -0.5550338625907898,
            "da614d68770198c6178164bee8e5d6fa82efc3046970d9ae5eeb639d89ab349d",
        ),
    ],
    ids=["kotlin", "swift"],
)
def test_the_random_numbers_are_those_of_the_compiled_examples(latents, first, last, digest):
    drawn = latents(16, seed=7)
    assert drawn[0, :3].tolist() == first
    assert drawn[-1, -1] == last
    assert hashlib.sha256(drawn.astype("<f4").tobytes()).hexdigest() == digest


def test_the_examples_still_draw_what_was_compiled():
    """If this changes, compile again, and take the numbers above from there."""
    assert "random.nextGaussian().toFloat()" in kotlin("Pictures.kt")
    drawn = swift("Pictures.swift")
    assert re.findall(r"0x([0-9A-F_]{19})", drawn) == [
        "9E37_79B9_7F4A_7C15",
        "BF58_476D_1CE4_E5B9",
        "94D0_49BB_1331_11EB",
    ]
    assert re.findall(r"bits >> (\d+)", drawn) == ["30", "27", "31", "11"]
    assert "sqrt(-2 * log(unit()))" in drawn
    assert "Float(length * cos(2 * Double.pi * unit()))" in drawn


@pytest.mark.parametrize("latents", [draw_phone.java_latents, draw_phone.swift_latents])
def test_the_latents_have_the_distribution_that_the_model_was_trained_on(latents):
    drawn = latents(300, seed=1)
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03
    assert 0.94 < np.mean(np.abs(drawn) < 1.96) < 0.96


def colours(bytes_: np.ndarray) -> np.ndarray:
    """Do what `colours` of Pictures.kt does: signed bytes to 0xAARRGGBB."""
    pixels = bytes_.astype(np.int64).reshape(-1, 3) & 255
    return (255 << 24) | (pixels[:, 0] << 16) | (pixels[:, 1] << 8) | pixels[:, 2]


def test_the_conversion_gives_the_picture_that_sample_draws(tmp_path):
    out = tmp_path / "image.npy"
    words = ["sample", str(ROOT / MODEL), "--num-images", "1", "--seed", "7", "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    z = sample_latents_without_tensorflow(1, PORTRAITS["latent_dim"], seed=7)
    drawn = Interpreter(str(ROOT / MODEL)).get_signature_runner("serving_default")(z=z)["image"]
    converted = colours(drawn.view(np.int8)[0])  # Kotlin's bytes are signed
    assert "toInt() and 255" in kotlin("Pictures.kt")
    sampled = np.load(out).reshape(-1, 3)
    assert (converted >> 24 == 255).all()
    channels = np.stack([converted >> shift & 255 for shift in (16, 8, 0)], axis=-1)
    np.testing.assert_array_equal(channels, sampled)


def test_the_picture_of_the_guide_is_what_the_example_draws():
    with Image.open(ROOT / "docs" / "phone.jpg") as picture:
        shown = np.asarray(picture, np.float32)
    grid = draw_phone.drawn_grid(draw_phone.java_latents(16, seed=draw_phone.SEED))
    expected = np.asarray(draw_phone.in_a_frame(grid), np.float32)
    assert shown.shape == expected.shape
    assert np.abs(shown - expected).mean() < 2  # a JPEG
    assert f"Random({draw_phone.SEED})" in kotlin("MainActivity.kt")
    assert f"ACROSS = {draw_phone.ACROSS}" in kotlin("MainActivity.kt")
    assert (ROOT / "docs" / "phone.jpg").stat().st_size < 100_000


# The projects and the guide


def test_the_versions_are_the_same_everywhere():
    build, package, guide = (
        path.read_text() for path in (ANDROID / "build.gradle.kts", SWIFT / "Package.swift", GUIDE)
    )
    (version,) = set(re.findall(r"com\.google\.ai\.edge\.litert:litert(?:-gpu)?:([\d.]+)", build))
    assert re.findall(r'branch: "release/([\d.]+)"', package) == [version]
    assert f"Both use LiteRT {version}" in guide
    assert set(re.findall(r"(?:litert:litert(?:-gpu)?:|release/|LiteRT )(\d+\.\d+\.\d+)", guide)) == {version}
    assert "minSdk = 24 " in build  # API level 24 is Android 7
    assert "Android 7 or later" in guide
    assert ".iOS(.v15), .macOS(.v12)" in package
    assert "iOS 15 or macOS 12 and later" in guide
    (gradle,) = re.findall(
        r"gradle-([\d.]+)-bin", (ANDROID / "gradle/wrapper/gradle-wrapper.properties").read_text()
    )
    assert gradle.startswith("8.11")
    assert "Gradle 8.11" in guide


@pytest.mark.parametrize("block", [b for b in blocks_of(GUIDE) if b.language in ("kotlin", "swift")], ids=str)
def test_the_guide_shows_lines_of_the_examples(block):
    folder, ending = (ANDROID, "*.kt*") if block.language == "kotlin" else (SWIFT, "*.swift")
    files = [path for path in folder.rglob(ending) if ".build" not in path.parts]
    shown = "\n".join(lines_of(block.code))
    texts = ["\n".join(line.removeprefix("/// ").strip() for line in lines_of(f.read_text())) for f in files]
    assert any(shown in text for text in texts), block


def test_the_manifest_starts_the_activity():
    manifest = ElementTree.parse(ANDROID / "src" / "main" / "AndroidManifest.xml")
    name = "{http://schemas.android.com/apk/res/android}name"
    (activity,) = manifest.iter("activity")
    assert f"class {activity.get(name).removeprefix('.')} : Activity()" in kotlin("MainActivity.kt")
    (namespace,) = re.findall(r'namespace = "(.*)"', (ANDROID / "build.gradle.kts").read_text())
    assert f"package {namespace}\n" in kotlin("MainActivity.kt")
    assert [action.get(name) for action in manifest.iter("action")] == ["android.intent.action.MAIN"]


def test_the_build_copies_the_model_that_the_app_opens():
    build = (ANDROID / "build.gradle.kts").read_text()
    (model,) = re.findall(r'\.orElse\("(.*)"\)', build)
    assert (ANDROID / model).resolve() == ROOT / MODEL
    (name,) = re.findall(r'rename \{ "(.*)" \}', build)
    assert f'CompiledModel.create(assets, "{name}"' in kotlin("Generator.kt")
    assert 'into("src/main/assets")' in build
    assert "src/main/assets/" in (ANDROID / ".gitignore").read_text().splitlines()
    assert re.findall(r"by tasks\.registering\(Copy::class\)|dependsOn\((\w+)\)", build)[1] == "copyModel"


def test_the_package_has_the_targets_that_it_names():
    package = (SWIFT / "Package.swift").read_text()
    targets = re.findall(r'arget\(\s*name: "(\w+)"', package)
    assert sorted(targets) == sorted(path.name for path in (SWIFT / "Sources").iterdir())
    for name in targets:
        assert list((SWIFT / "Sources" / name).glob("*.swift"))


def test_the_repository_has_no_second_copy_of_a_model():
    listed = subprocess.run(
        ["git", "ls-files", "examples"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert files
    assert sum(path.stat().st_size for path in files) < 40_000
