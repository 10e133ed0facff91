"""The section on the training: what went wrong, the losses, and what D thinks of the pictures."""

from __future__ import annotations

import math
from typing import Any

from dcgan_tf.report.line_chart import Curve, chart
from dcgan_tf.report.markup import facts, fold, number, text
from dcgan_tf.report.reported_run import ReportedRun, Section
from dcgan_tf.runs import checkpoint_steps


def curves_section(run: ReportedRun) -> Section:
    """Return the section with the diagnosis, the losses and the discriminator's opinions."""
    title = "Training curves"
    if not run.stats:
        return Section("curves", title, '<p class="missing">There is no stats.jsonl yet.</p>', present=False)
    # What the best D says if generated pictures look like real ones: half of the label of real images.
    undecided = (1 - run.config.training.label_smoothing) / 2
    compares = run.config.training.loss == "relativistic"
    pairs = " This discriminator compares: its opinion is on which of a real and a generated picture is real."
    charts = chart(
        "Losses",
        _lines(run, {"D, discriminator": "discriminator_loss", "G, generator": "generator_loss"}),
        x=_axis(run),
    ) + chart(
        "How probably real, says the discriminator",
        _lines(run, {"D(x), real pictures": "real_probability", "D(G(z)), generated": "fake_probability"}),
        x=_axis(run),
        highest=1.0,
        level=undecided,
    )
    charts += distance_chart(run)
    body = diagnosis(run) + (
        "<p>The two networks' losses over time (each falls at the other's expense), and how probably real "
        "the discriminator finds real and generated pictures. Look for a standoff: no loss runs away, "
        "and the two opinions stay apart without sticking at 1 and 0; a perfect generator would bring both "
        f"to {undecided:g} (dashed).{pairs * compares}{best_of(run)}</p>"
        f'<div class="charts">{charts}</div>'
        + fold(
            "How this was measured",
            facts(
                {
                    "thin lines": f"means over {run.config.run.log_every} steps each, as in stats.jsonl",
                    "thick lines": "running means over up to 15 of these",
                    "loss": run.config.training.loss,
                    "label smoothing": run.config.training.label_smoothing,
                    "instance noise": run.config.training.instance_noise,
                    "records": len(run.stats),
                    "last step": run.step,
                }
            ),
        )
    )
    return Section("curves", title, body)


def diagnosis(run: ReportedRun) -> str:
    """Return a warning for each rollback, and for each thing that training has reported, as HTML."""
    lines = [
        f'<p class="warning"><strong>{text(back.get("title", "?"))}</strong> at step '
        f"{back.get('from_step', 0):,}: {text(back.get('seen', ''))} {_went_back(back, before)} "
        f"{text(back.get('advice', ''))}</p>"
        for before, back in zip([{}, *run.rollbacks], run.rollbacks, strict=False)
    ]
    lines += [
        f'<p class="warning"><strong>{text(found.get("title", "?"))}</strong>, from step '
        f"{found['step']:,} on: {text(found.get('seen', ''))} {text(found.get('advice', ''))}</p>"
        for found in run.diagnosis
    ]
    return "".join(lines)


def _went_back(back: dict[str, Any], before: dict[str, Any]) -> str:
    """Return what training has done with a rollback, as a sentence.

    Args:
        back: the rollback.
        before: the one before it; empty for the first.
    """
    if back.get("done") is False:
        return f"Training goes back to step {back['to_step']:,} when the run goes on."
    forgotten = "The curves do not show the steps that it forgot."
    rates = [
        [of.get(f"{network}_share") for network in ("generator", "discriminator")] for of in (back, before)
    ]
    if rates[0] == rates[1] != [None, None]:  # the last one of a run that went wrong too often
        return (
            f"Training went back to step {back['to_step']:,} and ended there, because earlier rollbacks had "
            f"not helped. {forgotten}"
        )
    return (
        f"Training went back to step {back['to_step']:,}, and has lower learning rates from there on. "
        f"{forgotten}"
    )


def distance_chart(run: ReportedRun) -> str:
    """Return a chart of the distance to the training images, with the lowest as a dashed line; "" without."""
    if not run.distances:
        return ""
    scale = run.steps_per_epoch if _axis(run) == "epoch" and run.steps_per_epoch else 1
    points = [(record["step"] / scale, record["pyramid_distance"]) for record in run.distances]
    return chart(
        "Distance to training images (dashed: the lowest)",
        [Curve("pyramid distance of samples", points)],
        x=_axis(run),
        level=min(distance for _, distance in points),
        smoothed=False,
    )


def best_of(run: ReportedRun) -> str:
    """Return a sentence on the best checkpoint, as HTML; "" if none was measured."""
    best, newest = checkpoint_steps(run.paths.best), checkpoint_steps(run.paths.checkpoints)
    measured = {record["step"]: record["pyramid_distance"] for record in run.distances}
    if not best:
        return ""
    if best[0] not in measured:
        return f" The best checkpoint is that of step {best[0]:,}."
    if best[:1] == newest[:1]:
        return " The last checkpoint is also the nearest to the training images."
    newest_distance = number(run.distances[-1]["pyramid_distance"])
    return (
        f" The checkpoint nearest to the training images is that of step {best[0]:,}, with a distance of "
        f"{number(measured[best[0]])} (the newest measured: {newest_distance}): "
        f"<code>{text(run.command('sample', '--checkpoint best'))}</code>."
    )


def _axis(run: ReportedRun) -> str:
    return "epoch" if _is_place(run.stats[0].get("epoch")) else "step"


def _lines(run: ReportedRun, names: dict[str, str]) -> list[Curve]:
    axis = _axis(run)
    return [
        Curve(
            shown,
            [(float(record[axis]), record.get(name)) for record in run.stats if _is_place(record.get(axis))],
        )
        for shown, name in names.items()
    ]


def _is_place(value: Any) -> bool:
    """Return whether a number has a place on the horizontal axis."""
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
