"""Drawing with an export or one of its files: as the run drew, or an error that says what is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported, is_export
from dcgan_tf.export.formats import keras_file
from dcgan_tf.export.formats.opening import open_artefact


def test_the_most_exact_artefact_draws_what_the_run_draws(folder, run):
    exported = Exported.open(folder)
    assert exported.path.name == "saved_model"
    assert exported.step == run.step
    drawn = exported.sample(70, seed=4)
    assert (drawn.shape, drawn.dtype) == ((70, 16, 16, 1), np.uint8)
    np.testing.assert_allclose(drawn.astype(float), run.sample(70, seed=4).astype(float), atol=1)
    np.testing.assert_array_equal(exported.latents(5, seed=4), run.latents(5, seed=4))


@pytest.mark.parametrize(
    "name", ["generator-fp32.tflite", "generator-int8.tflite", "generator.onnx", "saved_model"]
)
def test_threads_that_draw_at_once_get_their_own_images(folder, name):
    exported = Exported.open(folder / name)
    expected = [exported.sample(48, seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda i: exported.sample(48, seed=i % 8), range(48)))
    for i, images in enumerate(drawn):
        np.testing.assert_array_equal(images, expected[i % 8])


def test_a_tilde_is_the_home_where_an_export_is_read_as_where_it_is_written(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert Exported.open(f"~/{folder.name}").path == folder / "saved_model"
    assert verify_export(f"~/{folder.name}")
    with pytest.raises(ArgumentError, match="no file or folder can have the name"):
        Exported.open("nul\0")


@pytest.mark.parametrize("name", ["generator-fp32.tflite", "saved_model"])
def test_latents_may_be_changed_before_they_are_drawn(folder, run, name):
    for drawing in (run, Exported.open(folder / name)):
        latents = drawing.latents(2)
        latents[:, 0] = 0
        assert not latents[:, 0].any()
        assert drawing.latents(2)[:, 0].any()


@pytest.mark.parametrize("name", ["generator-fp32.tflite", "generator.onnx", "saved_model"])
def test_latents_that_cannot_be_drawn_are_refused_and_not_drawn_black(folder, name):
    exported = Exported.open(folder / name)
    latents = exported.latents(3)
    assert exported.draw(latents[:0]).shape == (0, 16, 16, 1)
    with pytest.raises(ArgumentError, match=r"latents must have shape \[N, \d+\], received \[3, 1\]"):
        exported.draw(latents[:, :1])
    latents[1, 0] = np.nan
    with pytest.raises(ArgumentError, match="latents must be finite numbers"):
        exported.draw(latents)


@pytest.mark.parametrize("name", ["generator-fp32.tflite", "saved_model"])
def test_an_artefact_draws_on_its_own(copy, run, name):
    for other in ("export.json", "samples.png"):
        (copy / other).unlink()
    exported = Exported.open(copy / name)
    np.testing.assert_allclose(
        exported.sample(3, seed=4).astype(float), run.sample(3, seed=4).astype(float), atol=1
    )


def test_a_tflite_draws_without_tensorflow_and_keras(folder, tmp_path):
    file = folder / "generator-fp32.tflite"
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras'):\n    sys.modules[name] = None\n"  # importing them would fail
        "from dcgan_tf.cli import main\nmain(sys.argv[1:])"
    )
    words = ["sample", str(file), "-n", "70", "--seed", "4", "--out", str(tmp_path / "a.npy")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), Exported.open(file).sample(70, seed=4))


def test_exports_are_told_from_runs(folder, run, tmp_path):
    for path in (folder, folder / "saved_model", folder / "generator-int8.tflite", Path("no.tflite")):
        assert is_export(path)
    for path in (run.path, tmp_path, tmp_path / "nothing"):
        assert not is_export(path)


@pytest.mark.parametrize("name", ["web", "web/index.html", "model.keras", "samples.png", "export.json"])
def test_a_part_that_does_not_draw_on_its_own_leads_to_the_export(folder, name):
    assert is_export(folder / name)
    with pytest.raises(ExportError) as caught:
        Exported.open(folder / name)
    assert str(caught.value) == (
        "expected the folder of an export, its saved_model or a .tflite or .onnx file of it, "
        f"received {folder / name}; give {folder}"
    )


def test_a_run_within_an_export_is_a_run(copy, run):
    shutil.copytree(run.path, copy / "run")
    assert not is_export(copy / "run")


def test_what_is_not_there_is_no_part_of_an_export(folder):
    assert not is_export(folder / "nothing")


def test_nothing_to_draw_with_is_an_error(copy):
    for name in ("saved_model", "web"):
        shutil.rmtree(copy / name)
    for path in [*copy.glob("*.tflite"), copy / "generator.onnx", copy / "model.keras"]:
        path.unlink()
    with pytest.raises(ExportError, match="holds no exported generator"):
        Exported.open(copy)


def test_a_file_that_has_lost_its_facts_is_an_error(folder, tmp_path):
    content = (folder / "generator-fp32.tflite").read_bytes()
    (tmp_path / "a.tflite").write_bytes(content[: content.rindex(b"PK\x01\x02")])
    with pytest.raises(ExportError, match=r"cannot read .*a\.tflite: it is not a zip, or damaged"):
        Exported.open(tmp_path / "a.tflite")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("saved_model/variables/variables.data-00000-of-00001", lambda content: content[:100]),
        ("saved_model/variables/variables.data-00000-of-00001", None),
        ("saved_model/saved_model.pb", lambda content: content[:100]),
    ],
)
def test_a_damaged_saved_model_is_an_error(copy, name, damage):
    content = (copy / name).read_bytes()
    (copy / name).unlink()
    if damage:
        (copy / name).write_bytes(damage(content))
    said = f"{name} has been changed" if damage else f"{name} is missing"
    with pytest.raises(ExportError, match=f"saved_model is not as it was exported:\n  {said}"):
        Exported.open(copy)
    (copy / "export.json").unlink()
    with pytest.raises(ExportError, match=r"cannot read .*saved_model"):
        Exported.open(copy / "saved_model")


def test_a_damaged_keras_file_is_an_error(copy):
    shutil.rmtree(copy / "saved_model")
    content = bytearray((copy / "model.keras").read_bytes())
    content[len(content) // 2 :: 7] = bytes(len(content[len(content) // 2 :: 7]))
    (copy / "model.keras").write_bytes(content)
    with pytest.raises(ExportError, match=r"model\.keras has been changed"):
        Exported.open(copy)
    with pytest.raises(ExportError, match=r"cannot read .*model\.keras"):
        open_artefact(copy / "model.keras")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("[]", "expected an object, found \\[\\]"),
        ('{"model": []}', "cannot read model in .*: expected an object"),
        ('{"model": {"step": 3}}', "was not written by dcgan-tf export, or .* latent_distribution"),
    ],
)
def test_facts_that_are_none_are_an_error(copy, facts, message):
    (copy / "export.json").write_text(facts)
    with pytest.raises(ExportError, match=message):
        Exported.open(copy)


def test_no_image_at_all_is_refused(folder):
    with pytest.raises(ValueError, match="at least 1, received 0"):
        Exported.open(folder / "generator-fp32.tflite").sample(0)


@pytest.mark.parametrize("num", [1, 63, 65])
def test_image_i_does_not_depend_on_how_many_are_drawn(folder, num):
    exported = Exported.open(folder)
    z = exported.latents(130)
    np.testing.assert_array_equal(exported.draw(z[:num]), exported.draw(z)[:num])


def test_a_file_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ExportError, match=r"no\.tflite: it is not a file"):
        Exported.open(tmp_path / "no.tflite")


def test_the_keras_file_leaves_the_generator_as_it_is(run, tmp_path):
    before = [weight.copy() for weight in run.generator.get_weights()]
    keras_file.write(tmp_path / "a.keras", run.generator)
    for weight, expected in zip(run.generator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)
