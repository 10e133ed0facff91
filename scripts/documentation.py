"""Makes the generated parts of the documentation: commands, settings, public names, formulas.

mkdocs calls the functions called `on_…` while it builds the site. The tables of settings, of what
`--preset auto` chooses, and of how recipes compare stand in files of the repository, so that they can be read
there too; after a change of a setting, of `config/recipe.py`, or of a file in `results/`, write them anew:

    .venv/bin/python scripts/documentation.py
"""

from __future__ import annotations

import html
import re
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import results_table
import stability_table
from recipe_table import markdown, read_table

from dcgan_tf.cli import COMMANDS
from dcgan_tf.config import PRESETS, RULES, Config, Setting, all_settings, flatten

ROOT = Path(__file__).parents[1]
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"
AUTO_PAGE = ROOT / "docs" / "guides" / "train.md"
RESULTS_PAGES = tuple(
    ROOT / "docs" / name for name in ("quality.md", "stability.md", "minutes.md", "performance.md")
)


def rollbacks(rows: list[dict[str, str]]) -> str:
    """Return the table of the runs with rollbacks, beside the same runs without."""
    return stability_table.rollbacks(rows, read_table(ROOT / "results/stability.csv"))


TABLES = {
    "results/stability.csv": stability_table.markdown,
    "results/rollbacks.csv": rollbacks,
    "results/longer.csv": stability_table.longer,
    "results/photographs.csv": stability_table.of_each,
    "results/minutes.csv": results_table.markdown,
}
"""{file: how its table is made}, if it is not that of `recipe_table`."""
BEGIN, END = "<!-- made by scripts/documentation.py -->", "<!-- end -->"
OF_EVERY_COMMAND = {"--help", "--debug", "--version"}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace what stands between a comment and END by what is generated; it tells readers of the file so."""

    def generated(match: re.Match[str]) -> str:
        return names_reference(match[1]) if match[1] else commands_reference()

    pattern = rf"<!-- the (?:commands|public names of ([\w.]+)) -->.*?{re.escape(END)}"
    return re.sub(pattern, generated, markdown, flags=re.DOTALL)


def on_page_content(content: str, **_: Any) -> str:
    """Turn LaTeX into MathML, which browsers show without a script, and keep options in one piece."""
    from latex2mathml.converter import convert

    def mathml(match: re.Match[str]) -> str:
        display = "block" if match[1] == "div" else "inline"
        converted = str(convert(html.unescape(match[2]), display=display))
        # What is minimised over stands below, as LaTeX has it.
        return re.sub(r"<msub>(<mo>(?:min|max)</mo>.*?)</msub>", r"<munder>\1</munder>", converted)

    def in_one_piece(code: re.Match[str]) -> str:
        return re.sub(r"[\w.]*-[\w.-]+", r'<span class="hyphenated">\g<0></span>', code[0])

    content = re.sub(r"<code>[^<]*</code>", in_one_piece, content)
    return re.sub(
        r'<(div|span) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', mathml, content, flags=re.DOTALL
    )


# Commands


def commands_reference() -> str:
    """Return every command with its help and its options, as Markdown, below the headings of `--help`."""
    parts = []
    for heading, commands in COMMANDS.items():
        parts.append(f"## {heading} {{ #commands-to-{heading.lower()} }}")
        parts += [_command(command, path) for path, command in all_commands(commands)]
    return "\n\n".join(parts)


def all_commands(
    commands: Iterable[click.Command], path: str = "dcgan-tf"
) -> Iterator[tuple[str, click.Command]]:
    """Yield (what one types, command), of groups their commands."""
    for command in commands:
        if isinstance(command, click.Group):
            yield from all_commands(command.commands.values(), f"{path} {command.name}")
        else:
            yield f"{path} {command.name}", command


def _command(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path)
    name = path.removeprefix("dcgan-tf ")
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = [_option(option, context) for option in command.params if _is_shown(option)]
    text = _plain(re.sub(r"[ \n]*\n[ \n]*\n\s*", "\n\n", command.help or ""))
    heading = f"### {name} {{ #{name.replace(' ', '-')} }}"
    return "\n\n".join([heading, f"```text\n{usage}\n```", text, *filter(None, options)])


def _is_shown(option: click.Parameter) -> bool:
    return isinstance(option, click.Option) and not option.hidden and not OF_EVERY_COMMAND & {*option.opts}


def _option(option: click.Parameter, context: click.Context) -> str:
    """Return an option as a term and its definition."""
    record = option.get_help_record(context)
    if record is None:
        return ""
    spelling, text = record
    text, notes = (
        re.subn(r"\s*\[((?:default: |required|\d+<|x[<>]=)[^]]*)\]", "", text)[0],
        re.findall(r"\[((?:default: |required|\d+<|x[<>]=)[^]]*)\]", text),
    )
    note = f"<br><small>{html.escape('; '.join(notes))}</small>" if notes else ""
    return f"`{spelling}`\n:   {_plain(text.strip())}{note}"


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text.strip())


# Settings


def settings_reference() -> str:
    """Return the tables of all settings, one for each section of `Config`, as Markdown."""
    parts = []
    for section, kind in typing.get_type_hints(Config).items():
        items = [item for item in all_settings() if item.section == section]
        parts.append(f"## {section.capitalize()}\n\n{kind.__doc__}\n\n{_table(items)}")
    return "\n\n".join(parts)


def _table(items: list[Setting]) -> str:
    values = {name: flatten(make()) for name, make in PRESETS.items()}
    lines = [f"| setting | what | {' | '.join(PRESETS)} |", "|---|" + "---|" * (len(PRESETS) + 1)]
    for item in items:
        row = [_shown(values["default"][item.name])]
        row += ["" if (v := _shown(values[p][item.name])) == row[0] else v for p in list(PRESETS)[1:]]
        unnamed = [str(choice) for choice in item.choices if str(choice) not in item.help]
        choices = f" ({', '.join(map(str, item.choices))})" if unnamed else ""
        flag = f"`--{item.name.replace('_', '-')}`"
        lines.append(f"| {flag} | {item.help}{choices} | {' | '.join(row)} |")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else "-" if value is None else str(value)


def with_settings(page: str) -> str:
    """Return the page with its generated part made anew."""
    return _with(page, settings_reference())


def with_rules(page: str) -> str:
    """Return the page with the table of what `--preset auto` chooses made anew."""
    return _with(page, rules_reference())


def rules_reference() -> str:
    """Return what `--preset auto` chooses for which data, and why, as a Markdown table."""
    lines = ["| for | settings | why |", "|---|---|---|"]
    for rule in RULES:
        settings = ", ".join(f"`{name}` {_shown(value)}" for name, value in rule.settings.items())
        lines.append(f"| {rule.when.words} | {settings} | {rule.why} |")
    return "\n".join(lines)


def with_results(page: str) -> str:
    """Return the page with its tables made anew, each from the file of `results/` that it names."""

    def made(block: re.Match[str]) -> str:
        table = TABLES.get(block[2], markdown)
        return f"{block[1]}\n\n{table(read_table(ROOT / block[2]))}\n\n{END}"

    begin = BEGIN.replace(" -->", r" from (results/[\w-]+\.csv) -->")
    return re.sub(rf"({begin}).*?{END}", made, page, flags=re.DOTALL)


def _with(page: str, generated: str) -> str:
    before, after = page.split(BEGIN)[0], page.split(END)[-1]
    return f"{before}{BEGIN}\n\n{generated}\n\n{END}{after}"


# Public names


def names_reference(package: str) -> str:
    """Return what mkdocstrings makes a package's reference of: its docstring, and each of its public names.

    Names that `dcgan_tf` itself has are described there, and linked here.

    Args:
        package: such as "dcgan_tf.data"; its names stand in its __init__.pyi.
    """
    names = dict(public_names(package))
    constants = [f"`{name}`" for name in names if name.isupper()]
    elsewhere = set() if package == "dcgan_tf" else {path for _, path in public_names("dcgan_tf")}
    linked = [f"[`{name}`][{path}]" for name, path in names.items() if path in elsewhere]
    return "\n\n".join(
        [
            f"::: {package}\n    options:\n      members: false\n      show_root_heading: false",
            *([f"Names that `dcgan_tf` has too: {', '.join(linked)}."] if linked else []),
            *([f"Constants: {', '.join(constants)}."] if constants else []),
            *(
                f"::: {path}\n    options:\n      heading: {name}\n      toc_label: {name}"
                for name, path in names.items()
                if path not in elsewhere and not name.isupper()
            ),
        ]
    )


def public_names(package: str) -> Iterator[tuple[str, str]]:
    """Yield (name, where it is defined) of each public name of a package.

    A name that a package has from another package's face is looked for there.
    """
    folder = ROOT.joinpath(*package.split("."))
    stub = (folder / "__init__.pyi").read_text()
    for module, name in re.findall(r"^from \.([\w.]+) import (\w+) as \2$", stub, re.MULTILINE):
        place = folder.joinpath(*module.split("."))
        if (place / "__init__.pyi").exists():
            yield name, dict(public_names(f"{package}.{module}"))[name]
        else:
            yield name, f"{package}.{module}.{name}"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(with_settings(SETTINGS_PAGE.read_text()))
    AUTO_PAGE.write_text(with_rules(AUTO_PAGE.read_text()))
    for page in RESULTS_PAGES:
        page.write_text(with_results(page.read_text()))
