"""Every setting of a run: one tree of frozen dataclasses.

The command line, the reference and the comparison on resume are all derived from the fields below, so that a
setting is described exactly once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from dcgan_tf.config.fields import setting, validate
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
