"""The command `dcgan-tf train`: trains a run, or continues it."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, said_when_stopped, say
from dcgan_tf.cli.options import StepRange, configured, setting_options
from dcgan_tf.cli.outputs import complete_path, run_at
from dcgan_tf.config import (
    ARCHITECTURES,
    AUTO,
    DEFAULT_MINUTES,
    PRESETS,
    Budget,
    Config,
    check_request,
    replace,
)

if TYPE_CHECKING:
    from dcgan_tf.runs import RunPaths, WantedCheckpoint
    from dcgan_tf.training import Choice, Hook, Workers


@click.command(short_help="Train a run, or continue it.", context_settings={"allow_extra_args": True})
@click.option(
    "--preset",
    "preset_name",
    type=click.Choice([*PRESETS, AUTO]),
    default="default",
    show_default=True,
    help="Start from these settings; every other option changes one of them. "
    "Let auto choose them for your pictures and your time.",
)
@click.option(
    "--minutes",
    type=float,
    help="Train for so many minutes on this machine; a few steps are timed first.  "
    f"[default: {DEFAULT_MINUTES:g} for auto]",
)
@click.option(
    "--images",
    type=float,
    help="Train until so many images were seen, each as often as it is seen; 1e6 is a million.",
)
@setting_options("data", "model", "training", "run")
@click.option(
    "--init-from",
    metavar="RUN",
    shell_complete=complete_path,
    help="Start with the networks of this run, or of its checkpoint RUN@STEP or RUN@best, in place of random "
    "weights. The settings of the networks are taken from it, too.",
)
@click.option(
    "--evaluate-every-epoch",
    "every_epoch",
    is_flag=True,
    help="Evaluate after every epoch (metrics.jsonl, TensorBoard), and choose the best checkpoint by that.",
)
@click.option(
    "--profile",
    type=StepRange(),
    help="Write a profile of these steps, such as 100:109, which XProf and TensorBoard show.",
)
@click.option(
    "--connect-timeout",
    type=click.FloatRange(min=1),
    help="Give up if a machine of TF_CONFIG has not answered after so many seconds.  [default: 300]",
)
@click.pass_context
def train(
    ctx: click.Context,
    /,
    preset_name: str,
    minutes: float | None,
    images: float | None,
    init_from: str | None,
    every_epoch: bool,
    profile: tuple[int, int] | None,
    connect_timeout: float | None,
    **changes: Any,
) -> None:
    """Train a run, or continue it.

    The same command again resumes a run that was stopped. With a larger --epochs, --minutes or --images it
    trains a finished run for longer.
    """
    if ctx.args:
        place = shlex.quote(ctx.args[0])
        ctx.fail(f"Got unexpected argument {place}. Did you mean --run-dir {place}, or --data {place}?")
    with said_when_stopped("stopped without saving; the same command starts from the newest checkpoint"):
        choice, taken = None, {}
        chooses = preset_name == AUTO or minutes is not None or images is not None
        config = _place(changes) if chooses or init_from else configured(preset_name, changes)
        workers = _join_cluster(config, changes["replicas"], connect_timeout)
        if init_from is not None:
            taken = _taken(init_from, changes, workers)
            changes |= taken
            config = config if chooses else configured(preset_name, changes)
        chief = workers is None or workers.chief
        chief_decides = workers.chief_decides if workers else nullcontext
        with workers.all_succeed() if workers else nullcontext():
            if chooses:
                choice = _chosen(preset_name, minutes, images, changes, taken)
            else:
                _check(config)
        if choice is not None:
            choice = _measured(choice, show=chief)
            config = choice.config
        _import_tensorflow(config)
        from dcgan_tf.runs import with_own_held_out
        from dcgan_tf.training import Origin
        from dcgan_tf.training import train as train_run

        hooks = []
        with chief_decides():
            if chief:
                config = with_own_held_out(config)
                hooks = [_evaluation(config, every_epoch=every_epoch), *_profiling(config, profile)]
        origin = None if init_from is None else Origin(*_named(init_from))
        drop_kept = changes["keep_every"] == 0  # not None: the option was given
        run_dir = train_run(choice or config, hooks=hooks, init_from=origin, drop_kept=drop_kept)
    with chief_decides():  # whoever left now would be called lost
        if chief:
            if choice and choice.few:
                _search_for_copies(run_dir)
            _say_where(run_dir)


def _place(given: dict[str, Any]) -> Config:
    """Return settings that say where the run is, before all of them are known."""
    names = ("run_dir", "data", "architecture")
    return replace(Config(), **{name: given[name] for name in names if given[name] is not None})


def _named(init_from: str) -> tuple[str, WantedCheckpoint]:
    run, checkpoint = run_at(init_from)
    return str(run.absolute()), checkpoint


def _settings_of(init_from: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the networks that a run begins with, as far as the user gives no others.

    A run that has begun has them itself, and needs the other run no more.
    """
    from dcgan_tf.runs import network_settings

    run, checkpoint = run_at(init_from)
    own = _begun_with(run, given)
    if own is None:
        check_run(run, checkpoint=checkpoint)
    else:
        run = own.root
    return {name: value for name, value in network_settings(run).items() if given[name] is None}


def _begun_with(run: Path, given: dict[str, Any]) -> RunPaths | None:
    """Return the files of the run that these options continue, or None if it has not begun.

    The default run directory has the architecture in its name. If that is not given, it is the other run's,
    which may be gone. Then the records say which run began with it.
    """
    from dcgan_tf.runs import RunPaths, read_json

    known = given["run_dir"] or given["architecture"]
    for architecture in [given["architecture"]] if known else ARCHITECTURES:
        own = RunPaths.of(_place(given | {"architecture": architecture}))
        if own.config.is_file() and own.origin.is_file():
            recorded = str(read_json(own.origin, default={}).get("run"))
            if known or Path(recorded).resolve() == run.resolve():
                return own
    return None


def _taken(init_from: str, given: dict[str, Any], workers: Workers | None) -> dict[str, Any]:
    """Return the same on all machines: only the chief can read the runs."""
    if workers is None:
        return _settings_of(init_from, given)
    with workers.chief_decides() as told:
        if workers.chief:
            told.value = _settings_of(init_from, given)
    # JSON has no tuples.
    return {name: tuple(v) if isinstance(v, list) else v for name, v in told.value.items()}


def _join_cluster(config: Config, replicas: int | None, connect_timeout: float | None) -> Workers | None:
    """Join the machines of TF_CONFIG, if it names any, before TensorFlow does anything."""
    from dcgan_tf.training import read_cluster

    if read_cluster() is None:
        return None
    _import_tensorflow(config)
    from dcgan_tf.training import CONNECT_TIMEOUT, Workers, make_strategy

    strategy = make_strategy(replicas, connect_timeout=connect_timeout or CONNECT_TIMEOUT)
    return Workers(strategy)


def _import_tensorflow(config: Config) -> None:
    """Import TensorFlow such that a run that goes on computes as it did before."""
    from dcgan_tf.runs import RunPaths
    from dcgan_tf.training import is_chief, used_onednn

    if is_chief() and (paths := RunPaths.of(config)).environment.exists():
        import_tensorflow(onednn=used_onednn(paths))
    else:
        import_tensorflow()


def _check(config: Config) -> None:
    """Find mistakes at once: TensorFlow takes seconds, and images may take minutes."""
    from dcgan_tf.data import check_portrait_size
    from dcgan_tf.models import check_size
    from dcgan_tf.training import check_place

    check_size(config)
    check_place(config)
    check_data(config.data.spec)
    if config.data.spec == "portraits":
        check_portrait_size(config.data.image_size)


def _chosen(
    preset_name: str,
    minutes: float | None,
    images: float | None,
    changes: dict[str, Any],
    taken: dict[str, Any],
) -> Choice:
    """Choose the settings, without a length; those that are taken of another run say so."""
    from dcgan_tf.training import choose_without_length

    try:
        budget = Budget(minutes, images)
        check_request(preset_name, budget, changes)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if changes["data"] is not None:
        check_data(changes["data"])
        if changes["data"].startswith("tfds:"):
            _import_tensorflow(_place(changes))
    choice = choose_without_length(preset_name, budget, changes)
    if preset_name != AUTO:
        _check(choice.config)
    return choice.with_reason(taken, "of the run that it begins with")


def _measured(choice: Choice, *, show: bool) -> Choice:
    """Measure how long the steps take, and show what was chosen."""
    from dcgan_tf.training import with_length

    _import_tensorflow(choice.config)
    choice = with_length(choice)
    if show:
        say(choice.summary, err=True)
    return choice


def _evaluation(config: Config, *, every_epoch: bool) -> Hook:
    """Return the hook that keeps the best checkpoint."""
    from dcgan_tf.evaluation import EveryEpoch, KeepBest

    if not every_epoch:
        return KeepBest(config)
    hook = EveryEpoch(config)
    hook.check_images()
    return hook


def _profiling(config: Config, steps: tuple[int, int] | None) -> list[Hook]:
    from dcgan_tf.runs import RunPaths
    from dcgan_tf.training import ProfileHook

    return [] if steps is None else [ProfileHook(RunPaths.of(config), first=steps[0], last=steps[1])]


def _search_for_copies(run_dir: Path) -> None:
    """Say how near the samples of a finished run are to its few training images, once for each length."""
    from dcgan_tf.analysis import RESULT, neighbours
    from dcgan_tf.cli.analyses import save_finding
    from dcgan_tf.errors import DcganError
    from dcgan_tf.runs import Run, RunPaths, read_json

    folder = RunPaths(run_dir).analysis("neighbours")
    run = Run.open(run_dir)
    if read_json(folder / RESULT, default={}).get("protocol", {}).get("step") == run.step:
        return
    say("searching for copies of the training images among the samples …", err=True)
    try:
        save_finding(neighbours(run, control="training"), folder)
    except DcganError as error:  # the run is trained all the same
        say(f"note: no search for copies: {error}", err=True)


def _better_than_last(paths: RunPaths) -> int | None:
    """Return the step of the best checkpoint, if it is not the last one."""
    from dcgan_tf.runs import checkpoint_steps

    best, last = checkpoint_steps(paths.best), checkpoint_steps(paths.checkpoints)
    return best[0] if best and best[:1] != last[:1] else None


def _logdir(run_dir: Path) -> Path:
    """Return the folder of all runs, where TensorBoard shows each by name; else the run alone."""
    return run_dir.parent if run_dir.parent.name == "runs" else run_dir


def _say_where(run_dir: Path) -> None:
    from dcgan_tf.runs import RunPaths

    paths = RunPaths(run_dir)
    say(f"run         {run_dir}")
    if paths.progress.exists():
        say(f"samples     {paths.samples}/, {paths.progress}")
    if best := _better_than_last(paths):
        say(f"best        step {best:,}; --checkpoint best takes it in place of the last")
    say(f"TensorBoard tensorboard --logdir {shlex.quote(str(_logdir(paths.root)))}")
    say(f"more images dcgan-tf sample {shlex.quote(str(run_dir))} --num-images 64 --out samples.png")
