"""Every setting of a run: one tree of frozen dataclasses, the presets, and their JSON form.

The command line, the README's table and the comparison on resume are all derived from the fields below, so a
setting is described exactly once. Standard library only: `dcgan-tf --help` reads this file and must be
instant.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config.fields import setting, validate, without_none
from dcgan_tf.errors import ArgumentError

ARCHITECTURES = ("dcgan", "gan")
LOSSES = ("non_saturating", "minimax")
_MOST_STEPS = 10**9
LARGEST_SEED, MOST_AT_ONCE = 2**63 - 1, 10**7
"""Of samples: the largest seed, and how many are drawn at once."""
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
LATENT_DISTRIBUTIONS = ("normal", "uniform")
FITS = ("crop", "pad")


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how they become arrays of uint8 [N, H, W, C]."""

    spec: str = setting(
        "portraits", "portraits, digits, tfds:NAME[/CONFIG], or a folder of images", name="data"
    )
    data_dir: str | None = setting(
        None, "where TensorFlow Datasets are prepared (tfds: only)", may_change=True
    )
    split: str = setting("train", "split of the dataset to train on")
    image_size: tuple[int, int] = setting((64, 64), "64 or HEIGHTxWIDTH, in pixels", minimum=8, maximum=4096)
    channels: int = setting(3, "1 (grey) or 3 (RGB)", choices=(1, 3))
    fit: str = setting("crop", "other aspect ratios: crop the centre, or pad", choices=FITS)
    flip: bool = setting(False, "mirror half of the training images left to right")
    max_bad_fraction: float = setting(
        0.05, "share of unreadable files above which a folder is refused", minimum=0.0, maximum=1.0
    )
    held_out_fraction: float = setting(
        0.05,
        "share of the images of a folder without a test split that is kept aside, for evaluate, neighbours, "
        "embed and probe; none, if it would be fewer than 10 images",
        minimum=0.0,
        maximum=0.5,
    )
    cache_dir: str | None = setting(
        None, "where prepared arrays are kept (default: ~/.cache/dcgan_tf)", may_change=True
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class ModelConfig:
    """The two networks."""

    architecture: str = setting(
        "dcgan", "dcgan (convolutional) or gan (the fully connected baseline)", choices=ARCHITECTURES
    )
    conditional: bool = setting(
        False, "both networks are told the class of the picture (labelled images only)"
    )
    filters: int = setting(
        64,
        "channels of the largest feature maps; doubled at every halving of the side",
        minimum=1,
        maximum=8192,
    )
    kernel_size: int = setting(4, "side of the strided kernels; the paper's is 5", minimum=2, maximum=7)
    dense_units: int = setting(
        0,
        "width of a fully connected layer between z and the first maps, and between the last maps and the "
        "logit; 0 for none (dcgan only)",
        minimum=0,
        maximum=65536,
    )
    hidden_units: int = setting(256, "width of both hidden layers (gan only)", minimum=1, maximum=65536)
    latent_dim: int = setting(100, "length of the latent vector z", minimum=1, maximum=65536)
    latent_distribution: str = setting(
        "normal", "of z: normal N(0, 1) or uniform U(-1, 1)", choices=LATENT_DISTRIBUTIONS
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class TrainingConfig:
    """The optimisation. Exactly one of `epochs` and `steps` is set; one step is one D and one G update."""

    epochs: int | None = setting(
        25, "passes over the training images", minimum=1, maximum=10**6, may_change=True
    )
    steps: int | None = setting(
        None, "length in steps, instead of epochs", minimum=1, maximum=_MOST_STEPS, may_change=True
    )
    batch_size: int = setting(64, "real images per step, over all replicas", minimum=2, maximum=2**20)
    learning_rate: float = setting(2e-4, "Adam's, of both networks", minimum=0.0, maximum=10.0)
    discriminator_learning_rate: float | None = setting(
        None, "Adam's of the discriminator, if another", minimum=0.0, maximum=10.0
    )
    beta_1: float = setting(0.5, "Adam's decay of the first moment", minimum=0.0, maximum=0.999)
    loss: str = setting("non_saturating", "of the generator", choices=LOSSES)
    label_smoothing: float = setting(
        0.0, "one-sided: the discriminator's target for real images is 1 minus this", minimum=0.0, maximum=0.5
    )
    instance_stddev: float = setting(
        0.0,
        "instance noise: standard deviation of what is added to every pixel (-1 to 1) that the discriminator "
        "sees",
        minimum=0.0,
        maximum=2.0,
    )
    ema_decay: float = setting(
        0.999,
        "decay per step of the averaged generator; 0 switches averaging off",
        minimum=0.0,
        maximum=0.99999,
    )
    precision: str = setting("auto", "of the networks' arithmetic; weights stay float32", choices=PRECISIONS)
    seed: int = setting(0, "of initial weights, latents, shuffling and flips", minimum=0, maximum=2**31 - 1)
    deterministic: bool = setting(
        False,
        "the same bits every time on a GPU too; slower there, and for the whole process: TensorFlow then "
        "refuses random operations without a seed (a CPU needs no such thing)",
        may_change=True,
    )
    replicas: int | None = setting(
        None, "devices to train on (default: every GPU, or one CPU)", minimum=1, maximum=256, may_change=True
    )

    def __post_init__(self) -> None:
        validate(self)
        if (self.epochs is None) == (self.steps is None):
            raise ArgumentError(
                "exactly one of epochs and steps must be set, "
                f"received epochs={self.epochs}, steps={self.steps}"
            )


@dataclass(frozen=True)
class RunConfig:
    """Where the run is written, and how often. Periods are in steps; 0 means never."""

    run_dir: str | None = setting(
        None, "the run directory (default: runs/DATA-ARCHITECTURE)", may_change=True
    )
    checkpoint_every: int = setting(
        500, "steps between checkpoints", minimum=1, maximum=_MOST_STEPS, may_change=True
    )
    keep_every: int = setting(
        0,
        "also keep for ever the checkpoints at multiples of this many steps",
        minimum=0,
        maximum=_MOST_STEPS,
        may_change=True,
    )
    sample_every: int = setting(
        250, "steps between sample grids", minimum=0, maximum=_MOST_STEPS, may_change=True
    )
    log_every: int = setting(
        25, "steps between lines of statistics", minimum=1, maximum=_MOST_STEPS, may_change=True
    )
    histogram_every: int = setting(
        1000,
        "steps between weight histograms in TensorBoard",
        minimum=0,
        maximum=_MOST_STEPS,
        may_change=True,
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class Config:
    """All settings of a run.

    `Config()` is the `default` preset. `preset("quick", epochs=3)` starts from another one and changes
    settings by their flat names, which are those of the command line.
    """

    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    run: RunConfig = dataclasses.field(default_factory=RunConfig)


@dataclass(frozen=True)
class Setting:
    """One field of the tree, as the command line and the documentation see it."""

    name: str
    section: str
    field: str
    type: type
    optional: bool
    default: Any
    help: str
    choices: tuple[str | int, ...]
    may_change: bool


def settings() -> Iterator[Setting]:
    """Yield every setting, in the order of the tree."""
    for section, section_type in typing.get_type_hints(Config).items():
        hints = typing.get_type_hints(section_type)
        for field in dataclasses.fields(section_type):
            value_type, optional = without_none(hints[field.name])
            yield Setting(
                name=field.metadata["name"] or field.name,
                section=section,
                field=field.name,
                type=value_type,
                optional=optional,
                default=field.default,
                help=field.metadata["help"],
                choices=field.metadata["choices"],
                may_change=field.metadata["may_change"],
            )


def flatten(config: Config) -> dict[str, Any]:
    """Return {setting name: value} of all settings."""
    return {s.name: getattr(getattr(config, s.section), s.field) for s in settings()}


def replace(config: Config, **changes: Any) -> Config:
    """Return `config` with settings changed by their flat names.

    Setting `steps` clears `epochs`, and the other way round.

    Raises:
        ArgumentError: for an unknown name, or a value that its setting does not allow.
    """
    if changes.get("steps") is not None and changes.get("epochs") is None:
        changes["epochs"] = None
    elif changes.get("epochs") is not None and changes.get("steps") is None:
        changes["steps"] = None
    by_section: dict[str, dict[str, Any]] = {}
    known = {s.name: s for s in settings()}
    for name, value in changes.items():
        if name not in known:
            raise ArgumentError(f"unknown setting {name!r}{_did_you_mean(name, known)}")
        by_section.setdefault(known[name].section, {})[known[name].field] = value
    sections = {
        name: dataclasses.replace(getattr(config, name), **values) for name, values in by_section.items()
    }
    return dataclasses.replace(config, **sections)


def to_json(config: Config) -> str:
    """Return the settings as indented JSON, one object per section."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str) -> Config:
    """Return the configuration that `to_json` wrote.

    Raises:
        ArgumentError: if the text is not JSON, names a setting that this version does not know, or holds a
            value that its setting does not allow.
    """
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ArgumentError(f"expected an object of sections, received {type(tree).__name__}")
    names = {(s.section, s.field): s.name for s in settings()}
    # Runs of versions without this setting were trained on all images.
    flat: dict[str, Any] = {"held_out_fraction": 0.0}
    for section, values in tree.items():
        if not isinstance(values, dict):
            raise ArgumentError(f"expected an object in section {section!r}, received {values!r}")
        for field, value in values.items():
            if (section, field) not in names:
                raise ArgumentError(f"unknown setting {section}.{field} (written by another version?)")
            flat[names[section, field]] = value
    return replace(Config(), **flat)


def difference(old: Config, new: Config) -> list[tuple[str, Any, Any]]:
    """Return (name, old, new) of each setting that differs and on which the trained weights depend."""
    before, after = flatten(old), flatten(new)
    return [
        (s.name, before[s.name], after[s.name])
        for s in settings()
        if not s.may_change and before[s.name] != after[s.name]
    ]


def parse_image_size(text: str) -> tuple[int, int]:
    """Read "64" as (64, 64) and "48x64" as (height 48, width 64), in pixels.

    Raises:
        ArgumentError: for anything else.
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.strip().isdecimal() for part in parts):
        raise ArgumentError(
            f"image size must be SIDE or HEIGHTxWIDTH in pixels, such as 64 or 48x64, received {text!r}"
        )
    height, width = int(parts[0]), int(parts[-1])
    return height, width


def default_preset() -> Config:
    """Return the networks of the paper as most people know them: 64x64, 64 filters, 4x4 kernels, Adam 2e-4.

    `dcgan-tf train`: 25 epochs of the portraits in 69 minutes on two CPU cores (computed from 121 images/s in
    bfloat16; 102 minutes from 81 images/s in float32); meant for a GPU. `dcgan-tf train --data tfds:mnist
    --image-size 32 --epochs 5`: 10 minutes; digits that are read at a glance.
    """
    return Config()


def paper_preset() -> Config:
    """Return the settings of Radford et al. 2015, section 4: 5x5 kernels, z from U(-1, 1), batch 128.

    `dcgan-tf train --preset paper --data FOLDER`: a GPU's work; two CPU cores do 18 images/s, 25 epochs of
    20,000 images in 8 hours. For comparison with the paper, not for the best pictures: there is no averaged
    generator.
    """
    return replace(
        Config(),
        filters=128,
        kernel_size=5,
        latent_distribution="uniform",
        batch_size=128,
        ema_decay=0.0,
    )


def quick_preset() -> Config:
    """Return settings for 32x32 portraits on a laptop without a GPU.

    `dcgan-tf train --preset quick`: 4 minutes on two CPU cores (1,500 images/s). Men and women, kings and
    queens, glasses and smiles at a glance; the share of each attribute is that of the data to within 3.3
    percentage points. `dcgan-tf train --preset quick --image-size 64 --epochs 25`: 22 minutes (375 images/s),
    within 4.1 points.

    Half the filters and twice the learning rate: on so small a machine the number of steps counts most.
    Smoothed labels hold back the discriminator, which otherwise sees through flat colours at once.
    """
    return replace(
        Config(),
        image_size=(32, 32),
        filters=32,
        learning_rate=4e-4,
        label_smoothing=0.1,
        epochs=18,
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "default": default_preset,
    "paper": paper_preset,
    "quick": quick_preset,
}


def preset(name: str = "default", **changes: Any) -> Config:
    """Return a preset with settings changed by their flat names: `preset("quick", data="digits", epochs=3)`.

    Raises:
        ArgumentError: for an unknown preset or setting, or a value that its setting does not allow.
    """
    if name not in PRESETS:
        raise ArgumentError(f"preset must be one of {', '.join(PRESETS)}, received {name!r}")
    return replace(PRESETS[name](), **changes)


def _did_you_mean(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
