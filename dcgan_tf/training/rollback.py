"""Go back to a better checkpoint when training goes wrong, and train on from there with lower rates.

The network that has become too strong gets half of its learning rate; if neither has, both do.

The decision is written to rollbacks.json at once. All else follows from that file when the run begins again,
as it does after a kill, so a kill at any moment changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from dcgan_tf.config import FEWEST_STEPS, RunConfig
from dcgan_tf.errors import CollapseError
from dcgan_tf.files import storage_errors
from dcgan_tf.runs import (
    CheckpointStore,
    RunPaths,
    forget_records_after,
    newest_intact,
    read_config,
    read_json,
    read_records,
    set_aside,
    write_json,
)
from dcgan_tf.training.diagnosis.conditions import BOTH
from dcgan_tf.training.diagnosis.course import LONG_WINDOW, distances_by_step
from dcgan_tf.training.plan import Plan
from dcgan_tf.training.schedule import schedule_of

MOST_ROLLBACKS = 3
"""After so many, the run goes back once more, and ends there."""
WORSE = 1.1
"""A run that ends at more than so many times its lowest distance to training images has got worse."""
_log = logging.getLogger("dcgan_tf")


class NeedsRollbackError(Exception):
    """Training has a condition, and is to go back.

    Attributes:
        condition: the name of what went wrong.
        title: the same in words.
        step: the number of finished steps.
        slower: the networks that are to have half the learning rate.
        seen: the numbers by which it was found, as a sentence.
        advice: what to try, as a sentence.
    """

    def __init__(
        self,
        condition: str,
        title: str,
        step: int,
        slower: tuple[str, ...] = BOTH,
        *,
        seen: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(title)
        self.condition, self.title, self.step, self.slower = condition, title, step, slower
        self.seen, self.advice = seen, advice


@dataclass(frozen=True)
class Rollback:
    """One step back.

    Attributes:
        from_step: the step after which the condition was found.
        to_step: the step from which training goes on; 0 for its beginning.
        condition: the name of the condition.
        title: the same in words.
        generator_share: the share of G's learning rate that the steps after `to_step` have.
        discriminator_share: the same of D's.
        done: whether the steps after `to_step` are forgotten.
        seen: the numbers by which the condition was found, as a sentence; "" in runs of earlier versions.
        advice: what to try, as a sentence; likewise.
    """

    from_step: int
    to_step: int
    condition: str
    title: str
    generator_share: float
    discriminator_share: float
    done: bool
    seen: str = ""
    advice: str = ""


def read_rollbacks(paths: RunPaths) -> list[Rollback]:
    """Return the rollbacks of a run, the oldest first.

    A file that cannot be read is set aside with a warning; the run then has its whole learning rates.
    """
    try:
        return [_checked(Rollback(**entry)) for entry in read_json(paths.rollbacks, default=None)]
    except (TypeError, ValueError):  # also where there is no file
        if paths.rollbacks.exists():
            set_aside(paths.rollbacks, why="cannot be read, so the learning rates are those of the settings")
        return []


def _checked(rollback: Rollback) -> Rollback:
    """Return a rollback whose numbers are such as training writes; the file may be damaged."""
    steps = type(rollback.from_step), type(rollback.to_step)
    shares = rollback.generator_share, rollback.discriminator_share
    goes_back = steps == (int, int) and 0 <= rollback.to_step < rollback.from_step
    if not goes_back or not 0 < min(shares) < 1 or max(shares) > 1:
        raise ValueError(f"not a rollback: {rollback}")
    return rollback


def decide_to_go_back(paths: RunPaths, wrong: NeedsRollbackError) -> None:
    """Record that the run goes back to its best checkpoint.

    Without a best checkpoint, it is the newest one from before the condition began, or the oldest that there
    is. A run in its first 1,000 steps begins again: its best checkpoint may be a part of what goes wrong.

    Args:
        paths: the files of the run.
        wrong: why.

    Raises:
        RunError: if a checkpoint cannot be read for a reason that may pass; nothing has been changed then.
    """
    rollbacks = read_rollbacks(paths)
    to_step = _place_to_go_back_to(paths, wrong.step, begin_again=len(rollbacks) < MOST_ROLLBACKS)
    before = rollbacks[-1] if rollbacks else None
    shares = (before.generator_share, before.discriminator_share) if before else (1.0, 1.0)
    if len(rollbacks) < MOST_ROLLBACKS:
        halved = [0.5 if network in wrong.slower else 1.0 for network in BOTH]
        shares = shares[0] * halved[0], shares[1] * halved[1]
    new = Rollback(
        wrong.step, to_step, wrong.condition, wrong.title, *shares, False, wrong.seen, wrong.advice
    )
    write_json(paths.rollbacks, [asdict(rollback) for rollback in [*rollbacks, new]])


def ended_worse(paths: RunPaths, settings: RunConfig, step: int) -> NeedsRollbackError | None:
    """Return why a run that has done its last step is to go back, or None.

    No condition holds, but its samples were clearly better before. This follows from the files of the run, so
    a kill between the last step and the decision changes nothing. When all rollbacks are used up, it ends so.

    Args:
        paths: the files of the run.
        settings: those of the run, of which `on_collapse` counts.
        step: the number of its last step.
    """
    may_go_back = settings.on_collapse == "rollback" and len(read_rollbacks(paths)) < MOST_ROLLBACKS
    if not may_go_back or step <= FEWEST_STEPS:
        return None
    distances = distances_by_step(read_records(paths.distances))
    kept = [distances[best] for best in CheckpointStore(paths.best).steps() if best in distances]
    if step not in distances or not kept or distances[step] <= WORSE * min(kept):
        return None
    return NeedsRollbackError(
        "ended_worse",
        "the samples were better before",
        step,
        advice="Try half of the learning rates in a new run.",
        seen=f"Their distance to training images is {distances[step]:.3g}, and was {min(kept):.3g} before.",
    )


def finish_rollback(paths: RunPaths) -> list[Rollback]:
    """Forget what came after the step to which the run has decided to go back, if it has.

    A kill may come between any two changes: the next start does all of it again.

    Args:
        paths: the files of the run.

    Returns:
        All rollbacks of the run, the oldest first.

    Raises:
        StorageError: if a file cannot be removed or written.
        RunError: if a checkpoint cannot be read for a reason that may pass.
    """
    rollbacks = read_rollbacks(paths)
    if not rollbacks or rollbacks[-1].done:
        return rollbacks
    last = rollbacks[-1]
    with storage_errors(paths.progress):
        paths.progress.unlink(missing_ok=True)
    ordinary, best = CheckpointStore(paths.checkpoints), CheckpointStore(paths.best)
    for store in (ordinary, best):
        store.remove_leftovers()
        store.forget_after(last.to_step)
    if last.to_step in best.steps():  # the run may end there, and then its last checkpoint is this one
        if last.to_step in ordinary.steps() and ordinary.damage(last.to_step):
            ordinary.set_aside(last.to_step)
        if last.to_step not in ordinary.steps():
            ordinary.copy_from(best, last.to_step)
    for records in paths.lines_of_steps():
        forget_records_after(records, last.to_step)
    forget_grids_after(paths, last.to_step)
    rollbacks = [*rollbacks[:-1], replace(last, done=True)]
    write_json(paths.rollbacks, [asdict(rollback) for rollback in rollbacks])
    _log.warning(
        "%s: went back from step %s to step %s (rollback %d); from there on, G has %g and D has %g of its "
        "learning rate",
        last.title,
        f"{last.from_step:,}",
        f"{last.to_step:,}",
        len(rollbacks),
        last.generator_share,
        last.discriminator_share,
    )
    return rollbacks


def without_those_of_the_anneal(
    rollbacks: Sequence[Rollback], plan: Plan, stores: Sequence[CheckpointStore]
) -> list[Rollback]:
    """Forget the rollbacks from annealed steps of a run that gets another length, and return the others.

    In a longer run these steps come later, so it has not gone wrong in them. A rollback to a step before the
    newest checkpoint stays, because that checkpoint was made with its rates. A kill changes nothing, as long
    as the settings of the earlier length are still in the directory: the next start does this again.

    Args:
        rollbacks: of the run, all of them done.
        plan: of the run, with the length that is asked for.
        stores: all places with checkpoints of the whole state, after `schedule.go_back`.

    Raises:
        RunError: if there are checkpoints, but none can be read.
        StorageError: if the file cannot be removed or written.
    """
    paths, settings = plan.paths, plan.config.training
    if not rollbacks or not settings.anneal or not paths.config.exists():
        return [*rollbacks]
    done, wanted = (
        schedule_of(some, plan.steps_per_epoch) for some in (read_config(paths.root).training, settings)
    )
    if done == wanted:
        return [*rollbacks]
    _, newest, _ = newest_intact(stores)
    kept = [back for back in rollbacks if back.from_step <= done.constant_steps or back.to_step < newest]
    if not kept:
        with storage_errors(paths.rollbacks):
            paths.rollbacks.unlink(missing_ok=True)
    elif len(kept) < len(rollbacks):
        write_json(paths.rollbacks, [asdict(rollback) for rollback in kept])
    return kept


def forget_grids_after(paths: RunPaths, step: int) -> None:
    """Remove the sample grids of steps that will be done again, perhaps with other learning rates."""
    for of, grid in paths.sample_grids().items():
        if of > step:
            with storage_errors(grid):
                grid.unlink()


def lowered_rates(rollbacks: Sequence[Rollback]) -> list[tuple[int, float, float]]:
    """Return what the schedule of a run that has gone back needs: see `Schedule.lowered`."""
    return [(back.to_step, back.generator_share, back.discriminator_share) for back in rollbacks]


def with_lowered_rates(plan: Plan, lowered: Sequence[tuple[int, float, float]]) -> Plan:
    """Return the plan of a run with these learning rates, which `lowered_rates` returned."""
    rates = tuple((after, generator, discriminator) for after, generator, discriminator in lowered)
    return replace(plan, schedule=replace(plan.schedule, lowered=rates))


def refuse_after_too_many(rollbacks: Sequence[Rollback], paths: RunPaths, settings: RunConfig) -> None:
    """End a run that went wrong too often, unless it is to train on all the same.

    Args:
        rollbacks: of the run.
        paths: the files of the run.
        settings: those of the run, of which `on_collapse` counts.

    Raises:
        CollapseError: if it has gone back as often as it may, and once more.
    """
    if settings.on_collapse == "rollback" and len(rollbacks) > MOST_ROLLBACKS:
        last = rollbacks[-1]
        raise CollapseError(
            f"training was stopped after {MOST_ROLLBACKS} rollbacks, because at step "
            f"{last.from_step:,} it went wrong again: {last.title}. {paths.root} is back at step "
            f"{last.to_step:,}. For other settings take another --run-dir; with --on-collapse warn, training "
            "goes on from there"
        )


def _place_to_go_back_to(paths: RunPaths, step: int, *, begin_again: bool) -> int:
    """Return the step of an intact checkpoint before a step, or 0.

    Args:
        paths: the files of the run.
        step: the number of finished steps.
        begin_again: whether a run in its first steps goes back to its beginning; one that ends there keeps
            what it has.
    """
    if begin_again and step <= FEWEST_STEPS:
        return 0
    best, others = CheckpointStore(paths.best), CheckpointStore(paths.checkpoints)
    earlier = [s for s in others.steps() if s < step]
    found = _first_intact(best, [s for s in best.steps() if s < step])
    if found is None:
        found = _first_intact(others, [s for s in earlier if s <= step - LONG_WINDOW])
    if found is None:
        found = _first_intact(others, earlier[::-1])
    return found or 0


def _first_intact(store: CheckpointStore, steps: Sequence[int]) -> int | None:
    """Return the first of the steps whose checkpoint can be read, or None; the others are not read."""
    return next((step for step in steps if store.damage(step) is None), None)
