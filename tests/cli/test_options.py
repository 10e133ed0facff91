"""The command line's options follow from the settings, each with its help, type and default."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.cli.options import ImageSize, NameList, names_option, setting_options
from dcgan_tf.config import all_settings, flatten, preset

SETTINGS = list(all_settings())


@click.command()
@setting_options("data", "model", "training", "run")
@click.pass_context
def everything(ctx: click.Context, **changes) -> None:
    ctx.obj.update(changes)


def parse(*arguments: str) -> dict:
    """Return what the options make of these words."""
    found: dict = {}
    result = CliRunner().invoke(everything, arguments, obj=found)
    assert result.exit_code == 0, result.output
    return found


def option(name: str) -> click.Option:
    (found,) = (p for p in everything.params if p.name == name)
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_an_option_with_its_help(setting):
    found = option(setting.name)
    assert found.opts == ["--" + setting.name.replace("_", "-")]
    assert found.help.startswith(setting.help)


def test_there_are_no_other_options():
    assert [p.name for p in everything.params] == [setting.name for setting in SETTINGS]


def test_what_is_not_given_is_none_so_that_the_preset_stands():
    assert set(parse().values()) == {None}


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("image_size", "64x64"),
        ("batch_size", "64"),
        ("loss", "non_saturating"),
        ("flip", "no-flip"),
        ("deterministic", "no-deterministic"),
    ],
)
def test_help_shows_the_default_of_the_default_preset_as_one_would_type_it(name, default):
    _, text = option(name).get_help_record(click.Context(everything))
    assert text.endswith(f"[default: {default}]")


def test_settings_without_a_default_show_none():
    text = CliRunner().invoke(everything, ["--help"]).output
    assert "None" not in text


def test_words_become_values_of_the_declared_type():
    given = parse(
        *("--image-size", "48x64"),
        *("--channels", "1"),
        *("--learning-rate", "1e-3"),
        *("--loss", "minimax"),
        "--flip",
        "--deterministic",
        *("--data", "tfds:mnist"),
    )
    assert given["image_size"] == (48, 64)
    assert given["channels"] == 1
    assert given["learning_rate"] == 1e-3
    assert given["loss"] == "minimax"
    assert given["flip"] is True
    assert given["deterministic"] is True
    changed = flatten(preset(**{name: value for name, value in given.items() if value is not None}))
    assert changed["data"] == "tfds:mnist"


def test_every_option_accepts_its_own_default():
    words = []
    for setting in SETTINGS:
        flag = "--" + setting.name.replace("_", "-")
        if setting.type is bool:
            words.append(flag if setting.default else "--no-" + flag[2:])
        elif setting.default is not None:
            shown = (
                "x".join(map(str, setting.default)) if isinstance(setting.default, tuple) else setting.default
            )
            words += [flag, str(shown)]
    given = {name: value for name, value in parse(*words).items() if value is not None}
    assert preset(**given) == preset()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--loss", "wgan"], "'wgan' is not one of 'non_saturating', 'minimax', 'hinge', 'relativistic'"),
        (["--batch-size", "many"], "'many' is not a valid integer"),
        (["--learning-rate", "fast"], "'fast' is not a valid float"),
        (["--image-size", "64x64x3"], "image size must be SIDE or HEIGHTxWIDTH in pixels"),
        (["--bach-size", "3"], "--batch-size"),  # "Did you mean": click's words for it vary
    ],
)
def test_a_wrong_word_is_a_usage_error_that_says_the_rule(words, message):
    result = CliRunner().invoke(everything, words, obj={})
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_sections_and_single_settings_can_be_left_out():
    @click.command()
    @setting_options("model", exclude=("filters",))
    def part(**changes) -> None: ...

    names = {p.name for p in part.params}
    assert "kernel_size" in names
    assert not {"filters", "data", "batch_size"} & names


def test_an_image_size_that_is_one_already_stays():
    assert ImageSize().convert((3, 4), None, None) == (3, 4)


# NameList


@pytest.mark.parametrize(
    ("given", "names"), [("b", ("b",)), ("c,a", ("a", "c")), (" a , a", ("a",)), (("c", "b"), ("b", "c"))]
)
def test_names_come_in_their_own_order_and_once(given, names):
    assert NameList(("a", "b", "c")).convert(given, None, None) == names


@pytest.mark.parametrize(("given", "unknown"), [("a,d", "d"), ("", ""), ("e,d", "d, e")])
def test_names_that_are_not_known_are_refused(given, unknown):
    with pytest.raises(click.BadParameter, match=f"expected some of a, b, c, received {unknown}"):
        NameList(("a", "b", "c")).convert(given, None, None)


@click.command()
@names_option("--letters", ("a", "b", "c"), default=("b", "c"), help="Some.")
@click.pass_obj
def letters(found: list, letters: tuple[str, ...]) -> None:
    found += letters


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], ["b", "c"]),
        (["--letters", "a"], ["a"]),
        (["--letters", "c", "--letters", "a"], ["a", "c"]),
        (["--letters", "c,a", "--letters", "a"], ["a", "c"]),
    ],
)
def test_an_option_of_names_has_those_of_every_time_that_it_is_given(words, names):
    found: list = []
    result = CliRunner().invoke(letters, words, obj=found)
    assert result.exit_code == 0, result.output
    assert found == names


def test_an_option_of_names_shows_its_default_as_one_would_type_it():
    assert "Some. [default: b,c]" in " ".join(CliRunner().invoke(letters, ["--help"]).output.split())


def test_an_option_of_names_refuses_what_is_not_known_the_second_time_too():
    result = CliRunner().invoke(letters, ["--letters", "a", "--letters", "d"], obj=[])
    assert result.exit_code == 2
    assert "expected some of a, b, c, received d" in result.stderr


def test_what_an_analysis_has_to_be_told_is_asked_for():
    result = CliRunner().invoke(main, ["forget", "runs/faces"])
    assert result.exit_code == 2
    assert "Missing option '--attribute'" in result.output
