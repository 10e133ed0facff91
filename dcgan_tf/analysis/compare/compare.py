"""Compare runs: samples of the same latents, losses, and grades with their spread over seeds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dcgan_tf.analysis.compare.figure import RunRow, comparison_figure
from dcgan_tf.analysis.compare.grades import (
    COVERED_FROM,
    FEWEST_KINDS,
    LEAST_SPREAD,
    MOST_ATTRIBUTES,
    RAREST_KIND,
    SURE,
    Judge,
    SampleGrade,
)
from dcgan_tf.analysis.compare.groups import ComparedRun, Group, compared_runs, differences, groups_of
from dcgan_tf.analysis.description import check_count
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import ArgumentError
from dcgan_tf.progress import progress
from dcgan_tf.runs import Run, RunPaths, check_opened, read_json

SHOWN = 12
"""The number of samples of each run in the figure."""

FAILED = (
    "its newest checkpoint is not of its last planned step, or its losses are not finite, or its samples are "
    f"collapsed: they cover fewer than {FEWEST_KINDS:.0%} of the kinds, or their spread is below "
    f"{LEAST_SPREAD:.0%} of the real images'"
)


@dataclass(frozen=True)
class GradedRun:
    """One run's grade, and the reasons why it counts as failed.

    Attributes:
        compared: the run.
        images: its samples, uint8 [N, H, W, C].
        grade: its grade; None without a judge.
        failures: reasons; none if it did not fail.
    """

    compared: ComparedRun
    images: np.ndarray
    grade: SampleGrade | None
    failures: tuple[str, ...]


def compare(runs: Sequence[Run], *, num_images: int = 2000, seed: int = 0) -> Finding:
    """Compare runs: samples of the same latents, losses, and grades if the data are the same.

    Runs that differ only in their seed form a group, whose grade is a mean and a standard deviation. Failed
    runs are counted, and stay in the mean. The judge is a classifier of the data, the same for all runs,
    because a run's own discriminator cannot compare runs.

    Args:
        runs: at least two runs, or two checkpoints of one run.
        num_images: number of samples of each run for the grades.
        seed: seed of the latents, the same for all runs.

    Raises:
        ArgumentError: for fewer than two runs, or one that is given twice; for paths in place of opened runs,
            or fewer images than 1.
    """
    started = time.monotonic()
    _check_runs(runs)
    check_count("num_images", num_images, least=1)
    check_count("seed", seed, least=0)
    _refuse_repetitions(runs)
    entries, subject = compared_runs(runs), Subject(runs[0], of_all_classes=True)
    judge, warnings = _judge(runs, subject)
    if judge and num_images > (available := len(judge.others)):
        warnings.append(
            f"scored on {available:,} samples each, because the data has no more images to compare with"
        )
        num_images = available
    warnings += _remarks_on_latents(runs) + _remarks_on_length(entries)
    graded_runs = [_graded(entry, judge, subject, num_images, seed) for entry in progress(entries, "runs")]
    warnings += [f"{v.compared.label} failed: {'; '.join(v.failures)}" for v in graded_runs if v.failures]
    real_grade = judge.real_grade(num_images) if judge else None
    groups = groups_of(entries)
    by_group = [[v for v in graded_runs if v.compared in group.members] for group in groups]
    return Finding(
        name="compare",
        summary=_summary(groups, by_group, judge, real_grade),
        protocol={
            **subject.protocol(
                seed=seed, num_images=num_images, started=started, **_rules(subject, judge, groups)
            ),
            "run": [str(run.path) for run in runs],
            "step": [run.step for run in runs],
        },
        measures=tuple(_measures(groups, by_group, judge, real_grade)),
        figure=comparison_figure(
            [RunRow(v.compared, v.images[:SHOWN], v.grade) for v in graded_runs],
            groups,
            real=subject.real_images[:SHOWN] if judge else None,
            kinds=len(judge.kinds) if judge else 0,
            space=judge.classifier.feature_space if judge else "",
            real_grade=real_grade,
        ),
        details=_details(groups, by_group, real_grade),
        warnings=tuple(warnings),
    )


def _check_runs(runs: Sequence[Run]) -> None:
    """Refuse what is no list of at least two opened runs."""
    if isinstance(runs, str) or not isinstance(runs, Sequence):
        raise ArgumentError(f"expected a list of opened runs, received {runs!r:.80}")
    for run in runs:
        check_opened(run)
    if len(runs) < 2:
        raise ArgumentError(f"a comparison needs at least two runs, received {len(runs)}")


def _refuse_repetitions(runs: Sequence[Run]) -> None:
    """Refuse the same checkpoint of the same run twice: it would count as a second seed."""
    seen = set()
    for run in runs:
        place = (run.path.resolve(), run.step)
        if place in seen:
            raise ArgumentError(f"{run.path} at step {run.step:,} is given twice")
        seen.add(place)


def _judge(runs: Sequence[Run], subject: Subject) -> tuple[Judge | None, list[str]]:
    """Return the judge of all the runs, or None and the reason why there is none."""
    prints = {read_json(RunPaths(run.path).data, default={}).get("fingerprint") for run in runs}
    if len(prints) > 1 or None in prints:
        return None, ["the runs were trained on different images, so no score would hold for all"]
    if not subject.has_classifier:
        return None, ["the images have neither attributes nor labels, so nothing can score the samples"]
    judge = Judge.of(subject)
    return judge, judge.classifier.doubtful(judge.classifier.concepts)


def _remarks_on_latents(runs: Sequence[Run]) -> list[str]:
    kinds = {(run.config.model.latent_dim, run.config.model.latent_distribution) for run in runs}
    if len(kinds) == 1:
        return []
    listed = ", ".join(f"{size} {distribution} numbers" for size, distribution in sorted(kinds))
    return [f"the runs take different latents ({listed}): the seed is the same, but not the numbers"]


def _remarks_on_length(entries: Sequence[ComparedRun]) -> list[str]:
    lengths = differences(entries).get("steps")
    listed = ", ".join(f"{length:,}" for length in lengths or ())
    return [f"the runs are of different lengths ({listed} steps)"] if lengths else []


def _graded(
    entry: ComparedRun, judge: Judge | None, subject: Subject, num_images: int, seed: int
) -> GradedRun:
    labels = subject.labels_for(entry.run, num_images) if judge else None
    images = entry.run.sample(num_images if judge else SHOWN, seed=seed, labels=labels)
    grade = judge.grade(images) if judge else None
    if labels:  # those are in the order of the training images, which may be that of the classes
        images = entry.run.sample(SHOWN, seed=seed)
    failures = entry.unfinished + (judge.collapsed(grade) if judge and grade else [])
    return GradedRun(entry, images, grade, tuple(failures))


def _rules(subject: Subject, judge: Judge | None, groups: Sequence[Group]) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "groups": {group.label: [entry.label for entry in group.members] for group in groups},
        "settings_that_differ": differences([entry for group in groups for entry in group.members]),
        "deviation": "standard deviation over the seeds of a group, n - 1",
        "failed": FAILED if judge else FAILED.split(", or its samples", maxsplit=1)[0],
    }
    if judge is None:
        return rules
    return rules | {
        "compared_with": f"{len(judge.reference.features):,} {judge.where}",
        "classes": "conditional runs draw them in the shares of the training images",
        "real_images": "as many training images as samples, none of them among those compared with",
        "kinds": f"{', '.join(judge.kinds.values())}: the classes, or the combinations of the first "
        f"{MOST_ATTRIBUTES} binary attributes, that are at least {RAREST_KIND:.0%} of the real images",
        "covered": f"the kind's share of the samples is at least {COVERED_FROM} of its share of real images",
        "sure": f"the classifier's probability is at least {SURE}",
        **subject.classifier_facts(),
    }


def _measures(
    groups: Sequence[Group],
    by_group: Sequence[Sequence[GradedRun]],
    judge: Judge | None,
    real_grade: SampleGrade | None,
) -> list[Measure]:
    measures = []
    if judge and real_grade:
        for field, name, unit, meaning in _grades(judge):
            for group, graded_runs in zip(groups, by_group, strict=True):
                values = [float(getattr(v.grade, field)) for v in graded_runs]
                controls = {"real images": float(getattr(real_grade, field))}
                if len(values) > 1:
                    controls = {"deviation over seeds": float(np.std(values, ddof=1)), **controls}
                measures.append(
                    Measure(f"{name}: {group.label}", float(np.mean(values)), unit, controls, meaning)
                )
    for group, graded_runs in zip(groups, by_group, strict=True):
        failed = sum(bool(v.failures) for v in graded_runs)
        controls = {"of runs": float(len(graded_runs))}
        measures.append(Measure(f"failed: {group.label}", float(failed), "count", controls, FAILED))
    return measures


def _grades(judge: Judge) -> list[tuple[str, str, str, str]]:
    """Return (field of SampleGrade, name, unit, meaning) of each grade."""
    rows = [
        (
            "distance",
            f"Fréchet distance ({judge.classifier.feature_space})",
            "squared",
            "squared distance between the distributions of features of samples and of real images; less is "
            "better, comparable only within this table",
        ),
        (
            "covered",
            f"kinds covered, of {len(judge.kinds)}",
            "count",
            "how many kinds of pictures are drawn about as often as they should; more is better",
        ),
        (
            "spread",
            "spread",
            "ratio",
            "root mean square distance of features from the mean of their kind, of real images = 1; far "
            "below 1 is monotony, far above 1 is disorder",
        ),
    ]
    sure = (
        "sure",
        "the classifier is sure",
        "share",
        "share of samples that the classifier is sure of; more is better, though it can be sure of a bad "
        "picture",
    )
    return [*rows[:2], sure, rows[2]] if judge.classifier.concepts else rows


def _summary(
    groups: Sequence[Group],
    by_group: Sequence[Sequence[GradedRun]],
    judge: Judge | None,
    real_grade: SampleGrade | None,
) -> str:
    parts = []
    for group, graded_runs in zip(groups, by_group, strict=True):
        text = f"{sum(bool(v.failures) for v in graded_runs)} of {len(graded_runs)} failed"
        grades = [v.grade for v in graded_runs if v.grade]
        if judge and grades:
            distances = [grade.distance for grade in grades]
            deviation = f" ± {np.std(distances, ddof=1):.3g}" if len(distances) > 1 else ""
            covered = np.mean([grade.covered for grade in grades])
            text = f"{np.mean(distances):.3g}{deviation}, {covered:.3g} of {len(judge.kinds)} kinds, {text}"
        parts.append(f"{group.label}: {text}")
    joined = "; ".join(parts)
    if judge is None or real_grade is None:
        return joined
    space = judge.classifier.feature_space
    return f"Fréchet distance ({space}): {joined}; real images {real_grade.distance:.3g}"


def _details(
    groups: Sequence[Group], by_group: Sequence[Sequence[GradedRun]], real_grade: SampleGrade | None
) -> dict[str, Any]:
    runs = [
        {
            "run": str(v.compared.run.path),
            "step": v.compared.run.step,
            "seed": v.compared.run.config.training.seed,
            "group": group.label,
            "failures": list(v.failures),
            "grade": asdict(v.grade) if v.grade else None,
        }
        for group, graded_runs in zip(groups, by_group, strict=True)
        for v in graded_runs
    ]
    return {"runs": runs, "real_images": asdict(real_grade) if real_grade else None}
