"""All settings of a run, as one tree of frozen dataclasses.

The command line, the reference and the comparison on resume are all derived from the fields below, so that a
setting is described exactly once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from dcgan_tf.config.fields import check_sections, setting, validate
from dcgan_tf.errors import ArgumentError

ARCHITECTURES = ("dcgan", "gan")
LOSSES_OF_PROBABILITIES = ("non_saturating", "minimax")
LOSSES = (*LOSSES_OF_PROBABILITIES, "hinge", "relativistic")
DISCRIMINATOR_NORMS = ("batch", "spectral", "none")
GENERATOR_NORMS = ("batch", "none")
_MOST_STEPS = 10**9
EMA_DECAY = 0.999
LARGEST_SEED, MOST_AT_ONCE = 2**63 - 1, 10**7
"""The largest seed of samples, and the most samples at once."""
ON_COLLAPSE = ("warn", "stop", "rollback")
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
LATENT_DISTRIBUTIONS = ("normal", "uniform")
FITS = ("crop", "pad")
BUILT_IN_DATA, DATASETS = ("portraits", "digits"), ("tfds:", "hf:")
"""The values of --data that need no files, and the beginnings of those that name a public dataset."""


@dataclass(frozen=True)
class DataConfig:
    """The images, and how they become arrays of uint8 [N, H, W, C]."""

    spec: str = setting(
        "portraits", "Train on portraits, digits, tfds:NAME, hf:USER/NAME, or a folder's images.", name="data"
    )
    data_dir: str | None = setting(
        None, "Look in this folder for prepared TensorFlow Datasets (tfds: only).", may_change=True
    )
    split: str = setting("train", "Use this split of the dataset.")
    image_size: tuple[int, int] = setting(
        (64, 64), "Resize all images to this size in pixels: 64 or HEIGHTxWIDTH.", minimum=8, maximum=4096
    )
    channels: int = setting(3, "Use 1 channel (grey) or 3 (RGB).", choices=(1, 3))
    fit: str = setting("crop", "Fit images of another aspect ratio: crop the centre, or pad.", choices=FITS)
    flip: bool = setting(False, "Mirror half of the training images left to right.")
    max_bad_fraction: float = setting(
        0.05, "Refuse a folder if a larger share of its files cannot be read.", minimum=0.0, maximum=1.0
    )
    held_out_fraction: float = setting(
        0.05,
        "Hold out this share of a folder without a test or validation split, for evaluate, neighbours, embed "
        "and probe. Shares of fewer than 10 images are not held out.",
        minimum=0.0,
        maximum=0.5,
    )
    cache_dir: str | None = setting(
        None, "Keep prepared arrays in this folder instead of ~/.cache/dcgan_tf.", may_change=True
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class ModelConfig:
    """The settings of the two networks."""

    architecture: str = setting(
        "dcgan",
        "Train a dcgan (convolutional) or a gan (the fully connected baseline).",
        choices=ARCHITECTURES,
    )
    conditional: bool = setting(False, "Give both networks the class of each image (labelled images only).")
    filters: int = setting(
        64,
        "Set the channels of the largest feature maps; they double at every halving of the side.",
        minimum=1,
        maximum=8192,
    )
    discriminator_filters: int | None = setting(
        None,
        "Set another number of channels for the discriminator's largest feature maps (dcgan only).",
        minimum=1,
        maximum=8192,
    )
    discriminator_depth: int = setting(
        1,
        "Set the number of convolutions at each size of the discriminator's maps. Those before the strided "
        "one have 3x3 kernels (dcgan only).",
        minimum=1,
        maximum=4,
    )
    discriminator_norm: str = setting(
        "batch",
        "Set the discriminator's normalisation: of its feature maps (batch), of its weights (spectral), or "
        "none (dcgan only).",
        choices=DISCRIMINATOR_NORMS,
    )
    discriminator_bias: bool = setting(
        False,
        "Give the discriminator's first convolution a bias. With batch norm it cannot see how pale a batch "
        "is without one (dcgan only).",
    )
    generator_norm: str = setting(
        "batch",
        "Set the generator's normalisation: of its feature maps (batch), or none (dcgan only).",
        choices=GENERATOR_NORMS,
    )
    even_upsampling: bool = setting(
        False,
        "Keep flat maps flat where the generator doubles their size, so that samples have no grid of dots "
        "(dcgan only).",
    )
    kernel_size: int = setting(
        4, "Set the side of the strided kernels; the paper uses 5.", minimum=2, maximum=7
    )
    dense_units: int = setting(
        0,
        "Add a fully connected layer of this width between z and the first maps, and one between the last "
        "maps and the logit; 0 adds none (dcgan only).",
        minimum=0,
        maximum=65536,
    )
    hidden_units: int = setting(
        256, "Set the width of both hidden layers (gan only).", minimum=1, maximum=65536
    )
    latent_dim: int = setting(100, "Set the length of the latent vector z.", minimum=1, maximum=65536)
    latent_distribution: str = setting(
        "normal", "Draw z from the normal N(0, 1) or the uniform U(-1, 1).", choices=LATENT_DISTRIBUTIONS
    )

    def __post_init__(self) -> None:
        validate(self)
        if self.architecture == "gan":
            _refuse_effectless(self, _CONVOLUTIONAL)

    @property
    def generator_has_batch_norm(self) -> bool:
        """Whether the generator has batch norm, as every convolutional one has that is not told otherwise."""
        return self.architecture == "dcgan" and self.generator_norm == "batch"

    @property
    def discriminator_mixes_images(self) -> bool:
        """Whether the discriminator has batch norm, through which an image's logit depends on the others."""
        return self.architecture == "dcgan" and self.discriminator_norm == "batch"


_CONVOLUTIONAL = (
    "discriminator_filters",
    "discriminator_depth",
    "discriminator_norm",
    "discriminator_bias",
    "generator_norm",
    "even_upsampling",
    "dense_units",
)
"""Settings that the fully connected GAN refuses, because they would have no effect there."""


def _refuse_effectless(model: ModelConfig, names: tuple[str, ...]) -> None:
    for field in dataclasses.fields(model):
        value = getattr(model, field.name)
        if field.name in names and value != field.default:
            raise ArgumentError(
                f"{field.name} is {value}, which has no effect on the fully connected gan; "
                f"leave {field.name} out, or use the architecture dcgan"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of training. Either `epochs` or `steps` is set; a step ends with its one update of G."""

    epochs: int | None = setting(
        25, "Train for this many passes over the training images.", minimum=1, maximum=10**6, may_change=True
    )
    steps: int | None = setting(
        None, "Train for this many steps, instead of epochs.", minimum=1, maximum=_MOST_STEPS, may_change=True
    )
    batch_size: int = setting(
        64, "Use batches of this many real images, over all replicas.", minimum=2, maximum=2**20
    )
    discriminator_steps: int = setting(
        1,
        "Train the discriminator this many times in each step, before the generator. Each time takes a "
        "batch of its own.",
        minimum=1,
        maximum=10,
    )
    learning_rate: float = setting(
        2e-4, "Set Adam's learning rate for both networks.", minimum=0.0, maximum=10.0
    )
    discriminator_learning_rate: float | None = setting(
        None, "Set another learning rate for the discriminator alone.", minimum=0.0, maximum=10.0
    )
    anneal: float = setting(
        0.0,
        "Let the learning rates fall linearly to 0 over this last share of the steps, such as 0.3. To train "
        "for longer, the run goes back to where they began to fall.",
        minimum=0.0,
        maximum=1.0,
    )
    beta_1: float = setting(0.5, "Set Adam's decay of the first moment.", minimum=0.0, maximum=0.999)
    beta_2: float = setting(0.999, "Set Adam's decay of the second moment.", minimum=0.0, maximum=0.99999)
    loss: str = setting(
        "non_saturating",
        "Train with the non_saturating, the minimax, the hinge or the relativistic loss. The relativistic "
        "one compares each real image with a generated one, and is meant for --r1-gamma and --r2-gamma.",
        choices=LOSSES,
    )
    r1_gamma: float = setting(
        0.0,
        "Add the penalty R1 with this weight: half of the discriminator's squared gradient at real images. "
        "0 adds none. It needs a --discriminator-norm other than batch.",
        minimum=0.0,
        maximum=1000.0,
    )
    r2_gamma: float = setting(
        0.0,
        "Add the penalty R2 with this weight: the same at generated images. 0 adds none.",
        minimum=0.0,
        maximum=1000.0,
    )
    label_smoothing: float = setting(
        0.0,
        "Lower the discriminator's target for real images from 1 by this amount (one-sided).",
        minimum=0.0,
        maximum=0.5,
    )
    instance_noise: float = setting(
        0.0,
        "Add instance noise of this standard deviation to all images that the discriminator sees (pixels lie "
        "in -1 to 1).",
        minimum=0.0,
        maximum=2.0,
    )
    diffaugment: float = setting(
        0.0,
        "Change the colours and the place of this share of all images that the discriminator sees, real and "
        "generated, and cut a hole into each (DiffAugment). This is for few images; 0 changes none.",
        minimum=0.0,
        maximum=1.0,
    )
    ema_decay: float = setting(
        EMA_DECAY,
        "Average the generator's weights with this decay per step; 0 switches averaging off.",
        minimum=0.0,
        maximum=0.99999,
    )
    ema_images: int | None = setting(
        None,
        "Average the generator's weights over this many images, in place of --ema-decay: the weight of a "
        "generator in the average halves after so many.",
        minimum=1,
        maximum=10**7,
    )
    ema_calibration: bool = setting(
        False,
        "Give the averaged generator's batch norm the statistics of its own activations whenever it draws; "
        "without this, samples become pale if the batch is small.",
    )
    precision: str = setting(
        "auto",
        "Compute in float32, bfloat16 or float16, or let auto choose; weights stay float32.",
        choices=PRECISIONS,
    )
    seed: int = setting(
        0,
        "Seed initial weights, latents, shuffling and flips with this number.",
        minimum=0,
        maximum=2**31 - 1,
    )
    deterministic: bool = setting(
        False,
        "Compute the same bits every time on a GPU too; a CPU does so anyway. A GPU is slower with it, and "
        "TensorFlow then refuses random operations without a seed in the whole process.",
        may_change=True,
    )
    replicas: int | None = setting(
        None,
        "Train on this many devices, instead of every GPU or one CPU.",
        minimum=1,
        maximum=256,
        may_change=True,
    )

    def __post_init__(self) -> None:
        validate(self)
        if (self.epochs is None) == (self.steps is None):
            raise ArgumentError(
                "exactly one of epochs and steps must be set, "
                f"received epochs={self.epochs}, steps={self.steps}"
            )
        if self.label_smoothing and self.loss not in LOSSES_OF_PROBABILITIES:
            raise ArgumentError(
                f"label_smoothing lowers a target probability, and the {self.loss} loss has none, "
                f"received label_smoothing={self.label_smoothing:g}; set it to 0, or take another loss"
            )
        if self.replicas and self.batch_size % self.replicas:
            raise ArgumentError(
                f"batch_size must be a multiple of the {self.replicas} replicas, received {self.batch_size}"
            )
        if self.ema_images is not None and self.ema_decay != EMA_DECAY:
            raise ArgumentError(
                "ema_images takes the place of ema_decay: set only one of them, "
                f"received ema_images={self.ema_images}, ema_decay={self.ema_decay:g}"
            )

    @property
    def images_per_step(self) -> int:
        """Real images that a step takes, over all replicas: a batch for each update of the discriminator."""
        return self.batch_size * self.discriminator_steps

    @property
    def averages(self) -> bool:
        """Whether there is an averaged generator, other than the generator itself."""
        return self.ema_images is not None or self.ema_decay > 0


@dataclass(frozen=True)
class RunConfig:
    """The place of the run, and how often it is written. Periods are in steps; 0 means never."""

    run_dir: str | None = setting(
        None, "Write the run to this directory, instead of runs/DATA-ARCHITECTURE.", may_change=True
    )
    checkpoint_every: int = setting(
        500, "Set the number of steps between checkpoints.", minimum=1, maximum=_MOST_STEPS, may_change=True
    )
    keep_every: int = setting(
        0,
        "Keep the checkpoints at multiples of this many steps for ever; 0 keeps only the newest ones.",
        minimum=0,
        maximum=_MOST_STEPS,
        may_change=True,
    )
    sample_every: int = setting(
        250,
        "Set the number of steps between sample grids; 0 draws none.",
        minimum=0,
        maximum=_MOST_STEPS,
        may_change=True,
    )
    log_every: int = setting(
        25,
        "Set the number of steps between lines of statistics.",
        minimum=1,
        maximum=_MOST_STEPS,
        may_change=True,
    )
    histogram_every: int = setting(
        1000,
        "Set the number of steps between weight histograms in TensorBoard; 0 writes none.",
        minimum=0,
        maximum=_MOST_STEPS,
        may_change=True,
    )
    on_collapse: str = setting(
        "warn",
        "Let training warn, stop, or go back to its best checkpoint with lower learning rates (rollback), "
        "when it goes wrong in a way that has a name; with rollback, also if it ends worse than it was.",
        choices=ON_COLLAPSE,
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

    def __post_init__(self) -> None:
        check_sections(self)
        for name in ("r1_gamma", "r2_gamma"):
            value = getattr(self.training, name)
            if value and self.model.discriminator_mixes_images:
                raise ArgumentError(
                    f"{name} is {value:g}, but the discriminator has batch norm, which mixes the images of a "
                    "batch, and the penalty is meant for the gradient of one image; "
                    f"set discriminator_norm to none or spectral, or {name} to 0"
                )
        if self.training.ema_calibration and not self.model.generator_has_batch_norm:
            raise ArgumentError(
                "ema_calibration sets the statistics of the generator's batch norm, and this generator has "
                "none; set ema_calibration to False"
            )
