"""`--preset auto` from a folder to a run: what is found, chosen, said, recorded, and taken again."""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import shutil
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from PIL import Image

from dcgan_tf import cli
from dcgan_tf.config import Budget, Config, Facts, Speed, difference, from_json, preset, replace, to_json
from dcgan_tf.data import NativeForm
from dcgan_tf.errors import RunError
from dcgan_tf.runs import RunPaths
from dcgan_tf.training.auto import choosing, measuring
from dcgan_tf.training.auto.choice import Choice
from dcgan_tf.training.loop import train
from dcgan_tf.training.plan import too_few_steps
from dcgan_tf.training.steps.several import StepResults

TINY = "--filters 2 --latent-dim 4 --batch-size 16 --sample-every 0 --histogram-every 0 --precision float32"


@pytest.fixture(autouse=True)
def _short_measurement(monkeypatch):
    monkeypatch.setattr(measuring, "MEASURED_SECONDS", 0.05)


def record(settings: Config | Choice, **_: object) -> Path:
    """Leave what training leaves of its settings, without a step."""
    config = settings.config if isinstance(settings, Choice) else settings
    paths = RunPaths.of(config)
    paths.root.mkdir(exist_ok=True)
    paths.config.write_text(to_json(config))
    if isinstance(settings, Choice):
        settings.write(paths)
    return paths.root


@pytest.fixture
def known_speed(monkeypatch):
    """Put a known speed in place of the measurement, a record in that of training; return what was asked."""
    asked = []

    def stand_in(config, seconds=None):
        asked.append(config)
        return Speed(seconds_before=0.0, seconds_per_step=0.3)

    monkeypatch.setattr(measuring, "measure_speed", stand_in)
    monkeypatch.setattr("dcgan_tf.training.train", record)
    monkeypatch.setattr(import_module("dcgan_tf.cli.train"), "_search_for_copies", lambda run_dir: None)
    return asked


def write_pictures(
    folder: Path, number: int, *, size: tuple[int, int] = (20, 16), grey: bool = False
) -> None:
    """Write noise as colour files of (width, height) pixels; without colours, if it is grey."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (number, size[1], size[0], 1 if grey else 3), np.uint8)
    for i, pixels in enumerate(np.broadcast_to(noise, (*noise.shape[:3], 3))):
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")


def auto(folder: Path, *words: str, tiny: str = TINY) -> Result:
    run_dir = folder.parent / "run"
    return CliRunner().invoke(
        cli.main,
        [
            "train",
            "--preset",
            "auto",
            "--data",
            str(folder),
            "--run-dir",
            str(run_dir),
            *tiny.split(),
            *words,
        ],
    )


def config_of(folder: Path):
    return from_json((folder.parent / "run" / "config.json").read_text())


def test_the_step_that_compiles_is_not_in_the_time_of_a_step(monkeypatch):
    """By a clock that only steps move: 2 s the first, 1/8 second each other; 3 of these warm up."""
    now, calls = [0.0], []

    def take(most):
        steps = min(most, 3)  # what fits into a call
        now[0] += 0.125 * steps if calls else 2.0
        calls.append(most)
        return StepResults({}, tf.zeros([steps]))

    monkeypatch.setattr(measuring, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    workers = SimpleNamespace(each=lambda late: [late])
    assert measuring._time(take, workers, 2.0) == Speed(2.0, 0.125)
    # In a run, at least a look comes after so many steps.
    assert calls == [1, 3, *[50] * 6]


def test_one_command_trains_on_a_folder_and_says_what_it_chose(tmp_path):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    result = auto(folder, "--steps", "3")
    assert result.exit_code == 0, result.output
    config = config_of(folder)
    assert config.data.image_size == (16, 20)
    assert not config.data.flip
    assert config.training.steps == 3
    assert config.training.diffaugment == 1
    said = result.stderr
    assert "auto: 40 images of pictures to train on, in colour, 16x20 pixels" in said
    assert re.search(r"image_size 16x20, channels 3 +the size nearest to their own", said)
    assert re.search(r"batch_size 16 +as you asked", said)
    assert re.search(r"about (1 second|\d+ seconds): 3 steps of 16 images", said)
    assert "variations of them, not new ones" in said
    assert "\nwhether it memorises cannot be told: " in result.stdout  # noise after three steps
    finding = json.loads((tmp_path / "run" / "analysis" / "neighbours" / "result.json").read_text())
    assert finding["protocol"]["control"] == "training images to each other"
    assert "memorises" not in auto(folder, "--steps", "3").stdout  # it is said once


def test_minutes_become_steps_once_and_a_larger_budget_extends(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40, grey=True)
    assert auto(folder, "--minutes", "0.02").exit_code == 0  # 1.2 s / 0.3 s
    first = config_of(folder)
    assert (first.training.steps, first.data.channels, first.data.flip) == (4, 1, False)
    again = auto(folder, "--minutes", "0.02")
    assert again.exit_code == 0
    assert "grey, 16x20 pixels; this was chosen when the run began" in again.stderr
    assert "s a step, measured when the run began" in again.stderr
    assert config_of(folder) == first
    assert auto(folder, "--minutes", "0.03").exit_code == 0
    assert config_of(folder).training.steps == 6
    assert auto(folder).exit_code == 0  # without a budget, the run's own
    assert config_of(folder).training.steps == 6
    assert len(known_speed) == 1
    assert json.loads((tmp_path / "run" / "choice.json").read_text())["budget"] == {
        "minutes": 0.03,
        "images": None,
    }


@pytest.mark.parametrize(
    ("level", "number", "writing"),
    [(31, 240, True), (224, 240, True), (0, 239, False), (32, 320, False), (223, 320, False)],
)
def test_grey_pictures_are_writing_from_75_percent_of_nearly_black_or_white_pixels_on(
    tmp_path, known_speed, level, number, writing
):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(40):
        pixels = np.full(16 * 20, 100 + i, np.uint8)
        pixels[:number] = level
        Image.fromarray(pixels.reshape(16, 20)).save(folder / f"{i:03d}.png")
    assert auto(folder, "--steps", "3").exit_code == 0
    settings = config_of(folder)
    found = settings.model.dense_units, settings.training.instance_noise, settings.training.anneal
    assert found == ((256, 0.3, 0.0) if writing else (0, 0.0, 0.3))


def test_colour_pictures_of_nearly_black_and_white_pixels_are_no_writing(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    folder.mkdir()
    bits = np.random.default_rng(0).integers(0, 2, (40, 16, 20, 3))
    for i, pixels in enumerate((255 * bits).astype(np.uint8)):
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")
    assert auto(folder, "--steps", "3").exit_code == 0
    assert config_of(folder).model.dense_units == 0


@pytest.mark.parametrize(
    ("colour", "number", "drawings"),
    [
        ((0, 31, 0), 107, True),
        ((255, 224, 240), 107, True),
        ((0, 31, 0), 106, False),
        ((0, 0, 255), 320, False),
    ],
)
def test_colour_pictures_are_drawings_from_a_third_of_nearly_black_or_white_pixels_on(
    tmp_path, known_speed, monkeypatch, colour, number, drawings
):
    monkeypatch.setattr("dcgan_tf.config.recipe.FEW_PICTURES", 30)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(40):
        pixels = np.full((16 * 20, 3), (100 + i, 200, 50), np.uint8)
        pixels[:number] = colour
        Image.fromarray(pixels.reshape(16, 20, 3)).save(folder / f"{i:03d}.png")
    assert auto(folder, "--steps", "3").exit_code == 0
    settings = config_of(folder)
    found = settings.training.instance_noise, settings.training.anneal, settings.data.flip
    assert found == ((0.3, 0.0, False) if drawings else (0.0, 0.3, True))


def test_few_pictures_are_small_if_the_time_is_short(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40, size=(100, 80))
    said = auto(folder, "--minutes", "20").stderr
    assert config_of(folder).data.image_size == (32, 32)
    assert "image_size 32x32, channels 3  in a short time" in said
    assert "with --minutes 60 they are larger" in said
    shutil.rmtree(tmp_path / "run")
    said = auto(folder, "--minutes", "60").stderr
    assert config_of(folder).data.image_size == (64, 64)
    assert re.search(
        "image_size 64x64, channels 3 +the size nearest to their own that fits, at most 64", said
    )
    shutil.rmtree(tmp_path / "run")
    auto(folder, "--minutes", "20", "--image-size", "48")
    assert config_of(folder).data.image_size == (48, 48)


@pytest.mark.usefixtures("few_steps_are_enough")
def test_a_run_keeps_its_choice_whatever_the_budget_would_choose_now(tmp_path, known_speed, monkeypatch):
    """As portraits do, which are larger with more time; here the rules change."""
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    assert auto(folder, "--images", "64").exit_code == 0
    before = config_of(folder)
    monkeypatch.setattr("dcgan_tf.config.auto.RULES", ())
    assert auto(folder, "--images", "96").exit_code == 0
    after = config_of(folder)
    assert (before.training.steps, after.training.steps) == (4, 6)
    assert difference(before, after) == []
    assert auto(folder, "--images", "96", "--latent-dim", "5").exit_code == 1
    assert config_of(folder) == after


@pytest.fixture
def few_steps_are_enough(monkeypatch):
    monkeypatch.setattr("dcgan_tf.config.auto.FEWEST_STEPS_OF_FEW", 1)


def test_a_run_of_another_choice_is_refused_before_anything_is_measured(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    words = ["train", "--data", str(folder), "--run-dir", str(tmp_path / "run"), "--image-size", "16"]
    assert CliRunner().invoke(cli.main, [*words, *TINY.split(), "--steps", "2"]).exit_code == 0
    refused = auto(folder, "--minutes", "1")
    assert refused.exit_code == 1
    assert "was made with other settings" in refused.stderr
    assert "diffaugment" in refused.stderr
    assert known_speed == []


def test_any_preset_takes_minutes(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    words = ["train", "--data", str(folder), "--run-dir", str(tmp_path / "run"), "--image-size", "16"]
    for minutes, steps in (("0.01", 2), ("0.01", 2), ("0.02", 4)):
        done = CliRunner().invoke(cli.main, [*words, *TINY.split(), "--minutes", minutes])
        assert done.exit_code == 0, done.output
        assert config_of(folder).training.steps == steps
    assert len(known_speed) == 1
    assert config_of(folder).training.loss == "non_saturating"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--minutes", "3", "--epochs", "3"], "--minutes becomes a number of steps, and --epochs is another"),
        (["--images", "3", "--steps", "3"], "--images becomes a number of steps, and --steps is another"),
        (["--minutes", "3", "--images", "3"], "--minutes and --images both say how long to train"),
        (["--minutes", "-1"], "minutes must be above 0"),
    ],
)
@pytest.mark.parametrize("preset", ["auto", "quick"])
def test_lengths_that_contradict_each_other_are_refused_at_once(words, message, preset):
    refused = CliRunner().invoke(cli.main, ["train", "--preset", preset, *words])
    assert refused.exit_code == 2
    assert message in " ".join(refused.stderr.split())


def test_from_python_it_is_the_same_and_a_measured_run_equals_an_unmeasured_one(
    tmp_path, read_checkpoint, caplog
):
    import dcgan_tf

    folder = tmp_path / "pictures"
    for name in "ab":
        write_pictures(folder / name, 20)
    tiny = dict(filters=2, latent_dim=4, batch_size=16, sample_every=0, histogram_every=0)
    tiny["label_smoothing"] = 0.1  # leaves out the penalties, whose gradients take seconds to compile
    choice = dcgan_tf.choose(data=str(folder), steps=3, run_dir=str(tmp_path / "run"), **tiny)
    assert choice.speed.seconds_per_step > 0
    assert choice.minutes == pytest.approx(choice.speed.seconds(3) / 60)
    assert "the data have 2 classes; with --conditional you can choose what is drawn" in choice.summary
    dcgan_tf.train(choice)
    plain = dcgan_tf.train(replace(choice.config, run_dir=str(tmp_path / "plain")))
    assert (tmp_path / "run" / "choice.json").exists()
    assert not (plain / "choice.json").exists()
    measured, unmeasured = (read_checkpoint(run, 3) for run in (tmp_path / "run", plain))
    assert measured.keys() == unmeasured.keys()
    assert [name for name in measured if not np.array_equal(measured[name], unmeasured[name])] == []
    # A kill after the choice was recorded, before the settings were: the same command begins the run.
    (tmp_path / "killed").mkdir()
    killed = dataclasses.replace(choice, config=replace(choice.config, run_dir=str(tmp_path / "killed")))
    killed.write(RunPaths(tmp_path / "killed"))
    dcgan_tf.train(killed)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "choice.json").write_text('{"tea": "green"}')
    foreign = dataclasses.replace(choice, config=replace(choice.config, run_dir=str(tmp_path / "foreign")))
    with pytest.raises(RunError, match="neither empty nor a run: it holds choice"):
        dcgan_tf.train(foreign)
    with caplog.at_level("INFO", "dcgan_tf"):
        for budget in (Budget(minutes=0.5), Budget(images=1e6), Budget()):
            dcgan_tf.train(dataclasses.replace(choice, budget=budget))
    for advice in ("more minutes: --minutes 1 ", "more images: --images 2000000 ", "more: --steps 6 "):
        assert f"already has its 3 steps; to train longer, ask for {advice}(training then" in caplog.text
    there = {"data": str(folder), "run_dir": str(tmp_path / "classes"), "conditional": True}
    conditional = choosing.choose_without_length("auto", Budget(), there)
    assert conditional.config.model.conditional
    assert "classes" not in conditional.summary


@pytest.mark.parametrize(
    ("budget", "finished", "longer"),
    [
        (Budget(images=640), 10, Budget(images=1280)),
        (Budget(images=640), 5000, Budget(images=81_920)),  # the first with more than 5,000 steps
        (Budget(minutes=1), 5, Budget(minutes=2)),
        (Budget(minutes=1), 6, Budget(minutes=4)),  # the first step is done after a minute
        (Budget(images=9e11), 10**9, Budget(images=9e11)),
    ],
)
def test_a_longer_budget_makes_more_steps_than_there_are(budget, finished, longer):
    config = preset("default", batch_size=16, steps=finished)
    speed = Speed(seconds_before=60, seconds_per_step=10)
    choice = Choice(config, "auto", budget, speed=speed, few=finished >= 5000)
    assert choosing.longer_budget(choice, finished) == longer


def test_the_advice_for_a_finished_run_makes_it_longer(tmp_path, caplog):
    tiny = {"architecture": "gan", "hidden_units": 2, "image_size": (8, 8), "sample_every": 0, "steps": 4}
    config = preset("default", data="digits", run_dir=str(tmp_path / "run"), **tiny)
    train(config)
    # Two minutes are one step of these, four are three, and eight are seven.
    slow = Speed(seconds_before=60, seconds_per_step=60)
    shorter = Choice(replace(config, steps=1), "default", Budget(minutes=1), speed=slow)
    with caplog.at_level("INFO", "dcgan_tf"):
        train(shorter)
    assert "already has its 4 steps; to train longer, ask for more minutes: --minutes 8" in caplog.text


def test_a_damaged_record_of_the_choice_is_no_obstacle(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    assert auto(folder, "--minutes", "0.02").exit_code == 0
    before = config_of(folder)
    (tmp_path / "run" / "choice.json").write_text('{"preset": "auto"}')
    assert auto(folder, "--minutes", "0.02").exit_code == 0
    assert config_of(folder) == before
    assert len(known_speed) == 2


@pytest.mark.parametrize(
    ("form", "budget", "few", "size"),
    [
        (NativeForm(None, True, False), Budget(minutes=20), False, (64, 64)),
        (NativeForm(None, True, False), Budget(minutes=5), False, (32, 32)),
        (NativeForm((28, 28), True, True), Budget(), False, (28, 28)),
        (NativeForm((32, 32), True, False), Budget(), False, (32, 32)),
        (NativeForm((8, 8), True, True), Budget(), False, (16, 16)),
        (
            NativeForm((30, 45), True, False),
            Budget(),
            False,
            (28, 40),
        ),  # 28 = 7 * 4; 45 * 28/30 = 42, of fours 40
        (NativeForm((30, 45), False, False), Budget(), False, (28, 28)),
        (NativeForm((480, 640), True, False), Budget(), False, (64, 64)),
        (NativeForm((500, 33), False, False), Budget(), False, (32, 32)),
        (NativeForm((480, 640), True, False), Budget(minutes=5), False, (64, 64)),
        (NativeForm((480, 640), True, False), Budget(minutes=20), True, (32, 32)),
        (NativeForm((480, 640), True, False), Budget(minutes=60), True, (64, 64)),
        (NativeForm((28, 28), True, False), Budget(minutes=20), True, (28, 28)),
        (NativeForm((40, 2000), True, False), Budget(), False, (40, 40)),
        (NativeForm((16, 64), True, False), Budget(minutes=20), True, (16, 64)),
        (NativeForm((40, 60), True, False), Budget(minutes=20), True, (32, 32)),
    ],
)
def test_the_size_is_the_nearest_that_fits(form, budget, few, size):
    from dcgan_tf.models import check_size

    assert choosing._image_size(form, budget, few=few) == size
    check_size(replace(Config(), image_size=size))


def test_nothing_is_said_of_a_budget_where_there_is_none():
    """With --steps there is none, and 64 is taken; a budget that is too small says what is enough."""
    drawn, many = NativeForm(None, True, False), 20_000
    _, why = choosing._line_of_size(
        drawn, Facts(many, 3, choosing._image_size(drawn, Budget())), {"steps": 5}
    )
    assert why == "drawn at any size; 64 is the largest, and is taken unless the budget is small"
    _, why = choosing._line_of_size(drawn, Facts(many, 3, (32, 32)), {})
    assert "with --minutes 15 they are larger" in why


# Too few steps, for every preset


@pytest.mark.parametrize(
    ("length", "total", "asked"),
    [
        ({"epochs": 50}, 200, "50 epochs of 285 images are only 200 steps, and with fewer than 1,000"),
        ({"epochs": 249}, 996, "the same command with --epochs 250 makes enough"),
        ({"epochs": 250}, 1000, ""),
        ({"steps": 200}, 200, ""),
    ],
)
def test_epochs_that_make_too_few_steps_are_questioned(length, total, asked):
    config = replace(Config(), **length)
    plan = SimpleNamespace(config=config, total_steps=total, steps_per_epoch=4, image_set=range(285))
    assert asked in too_few_steps(plan)
    assert bool(asked) == bool(too_few_steps(plan))


def test_the_question_comes_before_the_first_step(tmp_path, caplog):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    words = ["train", "--data", str(folder), "--run-dir", str(tmp_path / "run"), "--image-size", "16"]
    with caplog.at_level(logging.INFO, logger="dcgan_tf"):
        assert CliRunner().invoke(cli.main, [*words, *TINY.split(), "--epochs", "2"]).exit_code == 0
    own = [record.getMessage() for record in caplog.records if record.name == "dcgan_tf"]
    *_, question, start = own
    assert question.startswith("2 epochs of 40 images are only 4 steps")
    assert "; steps 1 to 4 in" in start


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (59.0, "59 seconds"),
        (75.0, "1 minute"),
        (95.0, "2 minutes"),
        (3 * 3600, "3.0 hours"),
    ],
)
def test_the_time_is_said_in_the_unit_that_suits_it(seconds, words):
    choice = Choice(preset("default", steps=1), "default", Budget(), speed=Speed(0.0, seconds))
    assert choice.summary.startswith(f"about {words}: 1 step of 64 images")


@pytest.mark.parametrize(
    ("images", "steps", "words"),
    [
        (10**6, 1, "less than 0.001 times"),
        (1000, 1, "0.064 times"),
        (1000, 8, "0.51 times"),
        (1000, 16, "once"),
        (1000, 24, "1.5 times"),
        (1000, 500, "32 times"),
    ],
)
def test_how_often_pictures_are_shown_is_said_of_less_than_once_too(images, steps, words):
    config, speed = preset("default", steps=steps), Speed(0.0, 1.0)
    shown = Choice(config, "default", Budget(), speed=speed, num_images=images)
    assert f"of 64 images, each picture {words} (" in shown.summary
