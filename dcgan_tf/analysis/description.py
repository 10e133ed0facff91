"""How an analysis describes itself, once: its command, the report and the reference are made from it.

Each analysis has a description in the `about.py` of its folder. Standard library only, so that
`dcgan-tf --help` and the report need nothing else.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import RunError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding

MOST_DRAWS = 10_000


@dataclass(frozen=True)
class Option:
    """An option of an analysis' command.

    Attributes:
        name: of the keyword argument of `make`.
        default: what it is if it is not given; () with `multiple`.
        help: a sentence.
        type: of the value.
        minimum: the smallest value, if it is a number.
        maximum: the largest one.
        choices: the values that there are, if they are few.
        metavar: what stands for the value in `--help`.
        multiple: whether it can be given several times.
        required: whether it has to be given.
        flag: on the command line, if it is not the name's own.
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
    """Return --draws, over which a spread is computed.

    Args:
        default: how many.
        what: is drawn, such as "exemplars".
    """
    return Option(
        "draws", default, f"Repeat with this many random choices of {what}.", minimum=1, maximum=MOST_DRAWS
    )


def _nothing(known: KnownData) -> dict[str, Any]:
    return {}


def _certain(known: KnownData) -> str:
    return ""


@dataclass(frozen=True)
class FindingKind:
    """A kind of finding: what the report says of it to somebody who has never seen one, and how it is had.

    Attributes:
        name: of the finding, and of its folder in RUN/analysis.
        title: of its section in the report.
        see: what is in the figure, one sentence.
        look_for: what to look for, one sentence.
        convolutional: whether a fully connected network cannot have it.
        further: a command that shows more of it; {folder} is the finding's folder.
        instead: another finding that answers the same question, and is shown where this one is missing.
        of_all_classes: whether a conditional run need not be told of which class.
        suggest: from what is known of the images to the arguments of `make` that the command needs; raises
            RunError if such images cannot have it.
        otherwise: arguments that always serve, for the command that the page names where `suggest` has none.
        condition: from what is known of the images to what must also be true, where the run's files do not
            tell, such as "hat is a yes-or-no attribute"; "" if nothing is open.
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
    """An analysis as its users meet it.

    Attributes:
        name: of the command.
        place: in the report and in lists, from 1.
        short_help: what it is, in the list of commands.
        help: what its command says of itself.
        num_images: how many images it takes if nobody says.
        of: what they are, a sentence.
        make: computes the finding: takes an opened run, `num_images`, `seed` and the options by name.
        findings: the kinds of finding that it can make.
        options: of the command, besides those that every analysis has.
        check: takes the options, and raises ArgumentError for those that contradict each other.
    """

    name: str
    place: int
    short_help: str
    help: str
    num_images: int
    of: str
    make: Callable[..., Finding]
    findings: tuple[FindingKind, ...]
    options: tuple[Option, ...] = ()
    check: Callable[..., None] | None = None

    @property
    def defaults(self) -> dict[str, Any]:
        """The arguments of `make` where nothing else is said; without those that have to be given."""
        own = {option.name: option.default for option in self.options if not option.required}
        return {"num_images": self.num_images, "seed": 0, **own}

    def words(self, arguments: Mapping[str, Any]) -> list[str]:
        """Return arguments of `make` as one types them; options that are repeated take turns: a - b + c."""
        options = {option.name: option for option in self.options}
        values = {name: value if options[name].multiple else [value] for name, value in arguments.items()}
        words: list[str] = []
        for turn in range(max(map(len, values.values()), default=0)):
            for option, given in ((options[name], given) for name, given in values.items()):
                if turn < len(given):
                    words += [option.spelling] if option.type is bool else [option.spelling, str(given[turn])]
        return words

    def suggestion(self, kind: FindingKind, known: KnownData) -> str:
        """Return the options that the command of a finding needs, as one types them.

        Raises:
            RunError: if such images cannot have it.
        """
        try:
            arguments: Mapping[str, Any] = kind.suggest(known)
        except RunError:
            if not kind.otherwise:
                raise
            arguments = kind.otherwise
        return shlex.join(self.words(arguments))


def ordered(analyses: Sequence[Analysis]) -> tuple[Analysis, ...]:
    """Return them in the order of the report."""
    return tuple(sorted(analyses, key=lambda analysis: (analysis.place, analysis.name)))
