"""The description of an analysis, from which its command, its report section and the reference are made.

Each analysis has a description in the `about.py` of its folder. Descriptions need the standard library only,
so that `dcgan-tf --help` and the report stay fast.
"""

from __future__ import annotations

import numbers
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.runs import check_opened

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding

MOST_DRAWS = 10_000


@dataclass(frozen=True)
class Option:
    """An option of an analysis' command.

    Attributes:
        name: name of the keyword argument of `make`.
        default: the default value; () with `multiple`.
        help: a sentence that starts with a verb.
        type: type of the value.
        minimum: the smallest value, if it is a number.
        maximum: the largest one.
        choices: the possible values, if they are few.
        metavar: the word for the value in `--help`.
        multiple: whether it can be given several times.
        required: whether it has to be given.
        flag: its spelling on the command line, if it differs from the name.
    """

    name: str
    default: Any
    help: str
    type: type = int
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    multiple: bool = False
    required: bool = False
    flag: str | None = None

    @property
    def spelling(self) -> str:
        """The option on the command line, such as "--few-labels"."""
        return self.flag or "--" + self.name.replace("_", "-")


def draws(default: int, what: str) -> Option:
    """Return the option --draws, over which a spread is computed.

    Args:
        default: the default number.
        what: what is drawn, such as "exemplars".
    """
    return Option(
        "draws", default, f"Repeat with this many random choices of {what}.", minimum=1, maximum=MOST_DRAWS
    )


def latents_option(use: str) -> Option:
    """Return the option --latents.

    Args:
        use: what is done with the latents in the file, such as "Visit the latents".
    """
    return Option(
        "latents",
        None,
        f"{use} in this file, such as latents.npy of dcgan-tf project.",
        type=Path,
        metavar="FILE",
    )


def check_latents(*, latents: Path | None, **others: object) -> None:
    """Refuse a file of latents that is not there; this is the `check` of analyses with the option.

    Raises:
        ArgumentError: if there is none.
    """
    if latents is not None and not latents.is_file():
        raise ArgumentError(f"there is no file {latents}; dcgan-tf project RUN PHOTO writes one")


def check_count(name: str, value: Any, *, least: int) -> None:
    """Refuse what is no whole number, or too small a one.

    Args:
        name: name of the argument.
        value: what was received.
        least: the smallest number.

    Raises:
        ArgumentError: if it is anything else.
    """
    # Not by `latents.is_whole`: the help of every command reads this file, and waits for no NumPy.
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (whole and value >= least):
        raise ArgumentError(f"{name} must be a whole number of at least {least}, received {value!r}")


def _nothing(known: KnownData) -> dict[str, Any]:
    return {}


def _certain(known: KnownData) -> str:
    return ""


@dataclass(frozen=True)
class FindingKind:
    """A kind of finding: how the report explains it, and which command makes it.

    Attributes:
        name: name of the finding, and of its folder in RUN/analysis.
        title: title of its section in the report.
        see: one sentence on what the figure shows.
        look_for: one sentence on what to look for.
        convolutional: whether it needs convolutional networks.
        further: a command that shows more of it; {folder} is the finding's folder.
        instead: another finding that answers the same question, and is shown where this one is missing.
        of_all_classes: whether a conditional run needs no class for it.
        suggest: takes what is known of the images, and returns the arguments of `make` that the command
            needs; raises RunError if it is impossible for these images.
        otherwise: arguments that always work, for the command in the report if `suggest` has none.
        condition: takes what is known of the images, and returns what must also be true but is not recorded,
            such as "hat is a yes-or-no attribute"; "" if nothing is open.
    """

    name: str
    title: str
    see: str
    look_for: str
    convolutional: bool = False
    further: str = ""
    instead: str = ""
    of_all_classes: bool = False
    suggest: Callable[[KnownData], dict[str, Any]] = _nothing
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    condition: Callable[[KnownData], str] = _certain


@dataclass(frozen=True)
class Analysis:
    """The description of an analysis.

    Attributes:
        name: name of the command.
        place: its place in the report and in lists, from 1.
        short_help: its line in the list of commands.
        help: the help text of its command.
        num_images: the default number of images.
        of: the help text of --num-images.
        make: a function that computes the finding from an opened run, `num_images`, `seed` and the options.
        findings: the kinds of finding that it can make.
        fewest: the fewest images that it takes, whatever the run.
        files: files that its command takes after the run, in any number; None if it takes none.
        options: options of the command, besides those of every analysis.
        check: a function that raises ArgumentError for options that contradict each other.
        writes: names of the files that it writes beside figure.png and result.json.
    """

    name: str
    place: int
    short_help: str
    help: str
    num_images: int
    of: str
    make: Callable[..., Finding]
    findings: tuple[FindingKind, ...]
    fewest: int = 1
    files: Option | None = None
    options: tuple[Option, ...] = ()
    check: Callable[..., None] | None = None
    writes: tuple[str, ...] = ()

    @property
    def defaults(self) -> dict[str, Any]:
        """The default arguments of `make`, without required ones."""
        taken = (*self.options, *filter(None, [self.files]))
        own = {option.name: option.default for option in taken if not option.required}
        return {"num_images": self.num_images, "seed": 0, **own}

    def check_arguments(self, run: object, **counts: object) -> None:
        """Refuse what the command refuses before the work, for a caller in Python.

        Args:
            run: the opened run.
            counts: whole numbers by their names: `seed`, options, and others, which are at least 1. An option
                may be None if that is its default.

        Raises:
            ArgumentError: for a path in place of the run, or a number that is not whole or is too small.
        """
        check_opened(run)
        options = {option.name: option for option in self.options}
        for name, value in counts.items():
            option = options.get(name)
            if value is None and option is not None and option.default is None:
                continue
            least = 0 if name == "seed" else 1
            if option is not None and option.minimum is not None:
                least = option.minimum
            check_count(name, value, least=least)

    def words(self, arguments: Mapping[str, Any]) -> list[str]:
        """Return arguments of `make` as words of a command; repeated options take turns: a - b + c."""
        options = {option.name: option for option in self.options}
        values = {name: value if options[name].multiple else [value] for name, value in arguments.items()}
        words: list[str] = []
        for turn in range(max(map(len, values.values()), default=0)):
            for option, given in ((options[name], given) for name, given in values.items()):
                if turn < len(given):
                    words += [option.spelling] if option.type is bool else [option.spelling, str(given[turn])]
        return words

    def suggestion(self, kind: FindingKind, known: KnownData) -> str:
        """Return the options that the command of a finding needs, as words of a command.

        Raises:
            RunError: if it is impossible for these images.
        """
        try:
            arguments: Mapping[str, Any] = kind.suggest(known)
        except RunError:
            if not kind.otherwise:
                raise
            arguments = kind.otherwise
        return shlex.join(self.words(arguments))
