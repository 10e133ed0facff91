"""The plan of a run: everything that is known before its first step."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass

import tensorflow as tf

from dcgan_tf import __version__, models
from dcgan_tf.config import FEWEST_STEPS, Config, difference, flatten, from_json, replace, to_json
from dcgan_tf.data import ImageSet, distributed_batches, load_data, replica_share, steps_per_epoch
from dcgan_tf.errors import DataError, RunError
from dcgan_tf.keras_settings import ONEDNN, uses_onednn
from dcgan_tf.runs import RunPaths, read_config, with_own_held_out
from dcgan_tf.training.cluster.workers import Workers
from dcgan_tf.training.run_dir import check_place
from dcgan_tf.training.schedule import Schedule, schedule_of
from dcgan_tf.training.strategy import make_deterministic, make_strategy, resolve_precision

_OF_THIS_MACHINE = ("data", "data_dir", "cache_dir", "replicas")
"""Settings that each worker has its own value of."""
_DECIDED_BY_CHIEF = ("held_out_fraction", "precision")
"""Settings that an existing run or the hardware decides, so that other workers need not have them."""
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Plan:
    """Everything that is known of a run before its first step.

    Attributes:
        config: its settings; `auto` has become a precision.
        paths: the files of its directory.
        strategy: the devices.
        workers: the processes that train the run together.
        image_set: the images it trains on.
        num_classes: number of classes of a conditional model, or 0.
        steps_per_epoch: steps that see every image once.
        schedule: its length, and the phase at its end in which the learning rates fall.
        from_random: whether it begins with random weights, and not with the networks of another run; known
            once the run has begun.
    """

    config: Config
    paths: RunPaths
    strategy: tf.distribute.Strategy
    workers: Workers
    image_set: ImageSet
    num_classes: int
    steps_per_epoch: int
    schedule: Schedule
    from_random: bool = True

    @property
    def total_steps(self) -> int:
        """The number of the last step."""
        return self.schedule.total_steps


def make_plan(config: Config, *, drop_kept: bool = False) -> Plan:
    """Return the plan of a run with these settings, or refuse a run that cannot be trained.

    This may prepare and cache images. It writes nothing to the run directory. Of several workers, all train
    with the chief's settings, and on the images of their own machine, which must be the same.

    Args:
        config: the settings.
        drop_kept: whether a `keep_every` of 0 is one that was asked for; see `with_own_keep_every`.

    Raises:
        DataError: if the data cannot be loaded, or does not fit the settings.
        RunError: if the run directory holds something else, or another process trains there.
        WorkerLostError: if another machine of TF_CONFIG does not answer.
    """
    strategy = make_strategy(config.training.replicas)
    workers = Workers(strategy)
    _refuse_different_software(workers)
    with workers.chief_decides() as settings:
        if workers.chief:
            config = _checked(config, strategy, drop_kept=drop_kept)
            settings.value = to_json(config)
    if not workers.chief:
        config = _of_chief(from_json(settings.value), config)
    paths = RunPaths.of(config)
    if config.training.deterministic:
        make_deterministic()
    with workers.all_succeed():
        image_set = load_data(config.data)
        epoch = _steps_per_epoch(config, image_set)
        num_classes = _num_classes(config, image_set)
    _refuse_different_images(workers, image_set)
    return Plan(
        config=config,
        paths=paths,
        strategy=strategy,
        workers=workers,
        image_set=image_set,
        num_classes=num_classes,
        steps_per_epoch=epoch,
        schedule=schedule_of(config.training, epoch),
    )


def _checked(config: Config, strategy: tf.distribute.Strategy, *, drop_kept: bool) -> Config:
    """Return the settings with what the run directory and the hardware decide, if they can be trained."""
    models.check_size(config)
    replica_share(config.training.batch_size, strategy)
    check_place(config)
    paths = RunPaths.of(config)
    config = with_precision(with_own_held_out(config), paths)
    return config if drop_kept else with_own_keep_every(config, paths)


def _of_chief(chief: Config, own: Config) -> Config:
    """Return the chief's settings, with the place of the images on this machine."""
    here = {name: flatten(own)[name] for name in _OF_THIS_MACHINE}
    config = replace(chief, **here)
    for name, wanted, used in difference(own, config):
        if name not in _DECIDED_BY_CHIEF:
            _log.warning("the chief has %s=%r, which counts, and not this worker's %r", name, used, wanted)
    return config


def _refuse_different_software(workers: Workers) -> None:
    """Refuse to train if the workers would compute different things.

    Raises:
        RunError: if they have different versions, or oneDNN on one and off on another.
    """
    if different := _different(workers, f"{__version__} {tf.__version__}"):
        raise RunError(
            f"not every machine has the chief's versions: {different} differ. This one has dcgan_tf "
            f"{__version__} and TensorFlow {tf.__version__}; install the same on all machines"
        )
    if different := _different(workers, str(uses_onednn())):
        raise RunError(
            f"oneDNN is not the same on all machines: {different} differ from the chief, and this one has it "
            f"{'on' if uses_onednn() else 'off'}; set {ONEDNN} to 1 or to 0 on all of them"
        )


def _refuse_different_images(workers: Workers, image_set: ImageSet) -> None:
    """Refuse to train if the workers have different images, or the same in another order.

    Raises:
        DataError: if they do; it says which of them differ from the chief's.
    """
    if different := _different(workers, f"{image_set.fingerprint} {image_set.labels_fingerprint}"):
        raise DataError(
            f"not every machine has the same images: those of {different} differ from the chief's in their "
            f"content, order or classes. This one has {len(image_set):,} images of {image_set.name}; copy "
            "the chief's data to all machines"
        )


def _different(workers: Workers, text: str) -> str:
    """Return the names of the workers whose text is not that of the chief, or ""."""
    digest = hashlib.sha256(text.encode()).digest()
    digests = workers.each(int.from_bytes(digest[:7], "big"))
    return ", ".join(workers.name(i) for i, one in enumerate(digests) if one != digests[0])


def batches(plan: Plan, *, finished_steps: int) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Return the endless batches of a run after some steps, spread over its devices.

    Args:
        plan: the plan of the run.
        finished_steps: the number of steps done before.
    """
    config = plan.config
    return distributed_batches(
        plan.strategy,
        plan.image_set.images,
        labels=plan.image_set.labels if config.model.conditional else None,
        batch_size=config.training.images_per_step,
        seed=config.training.seed,
        flip=config.data.flip,
        finished_steps=finished_steps,
        worker=plan.workers.index,
        workers=plan.workers.number,
    )


def with_own_keep_every(config: Config, paths: RunPaths) -> Config:
    """Return the settings with the `keep_every` of an existing run, if they have 0, which is the default.

    Whoever leaves the setting out would otherwise lose the checkpoints that the run was to keep for ever.

    Raises:
        RunError: if the settings of an existing run cannot be read.
    """
    if config.run.keep_every or not paths.config.exists():
        return config
    kept = read_config(paths.root).run.keep_every
    if kept:
        _log.info(
            "%s keeps the checkpoints at multiples of %d steps, as before; --keep-every 0 keeps only the "
            "newest ones",
            paths.root,
            kept,
        )
    return replace(config, keep_every=kept)


def with_precision(config: Config, paths: RunPaths) -> Config:
    """Return the settings with a precision in place of `auto`; an existing run keeps its own.

    Raises:
        RunError: if the settings of an existing run cannot be read.
    """
    if config.training.precision == "auto" and paths.config.exists():
        return replace(config, precision=read_config(paths.root).training.precision)
    return replace(config, precision=resolve_precision(config.training.precision))


def too_few_steps(plan: Plan) -> str:
    """Return a question about a length in epochs that makes too few steps; "" if it makes enough.

    Who names a number of steps knows it, and is not asked.

    Args:
        plan: the plan of the run.
    """
    if plan.config.training.epochs is None or plan.total_steps >= FEWEST_STEPS:
        return ""
    enough = math.ceil(FEWEST_STEPS / plan.steps_per_epoch)
    return (
        f"{plan.config.training.epochs} epochs of {len(plan.image_set):,} images are only "
        f"{plan.total_steps:,} steps, and with fewer than {FEWEST_STEPS:,} there is rarely anything to see: "
        f"the same command with --epochs {enough} makes enough, and --preset auto without --epochs, in "
        "another --run-dir, chooses a length that suits the images"
    )


def _steps_per_epoch(config: Config, image_set: ImageSet) -> int:
    """Return the number of steps that see every image once; refuse data that do not fill one step."""
    training = config.training
    if training.discriminator_steps > 1 and len(image_set) < training.images_per_step:
        raise DataError(
            f"{config.data.spec}: found {len(image_set)} images, fewer than the {training.images_per_step} "
            f"of a step, which takes {training.discriminator_steps} batches of {training.batch_size}; "
            "add images, or lower --batch-size or --discriminator-steps"
        )
    try:
        return steps_per_epoch(len(image_set), training.images_per_step)
    except ValueError as error:
        raise DataError(f"{config.data.spec}: {error}") from None


def _num_classes(config: Config, image_set: ImageSet) -> int:
    """Return the number of classes of a conditional model, or 0 if the model is not conditional."""
    if not config.model.conditional:
        return 0
    if image_set.labels is None or len(image_set.label_names) < 2:
        raise DataError(
            f"--conditional needs images of at least two classes, and {config.data.spec} has "
            f"{'one' if image_set.label_names else 'no labels'}; take a labelled dataset such as digits or "
            "tfds:mnist, a folder with one sub-folder for each class, or leave --conditional out (and "
            "--init-from, if that run is conditional)"
        )
    return len(image_set.label_names)
