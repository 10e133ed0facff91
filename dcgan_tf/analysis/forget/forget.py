"""Make a generator forget something by dropping feature maps (Radford et al. 2015, 6.3.1, figure 6).

The paper draws boxes around the windows of bedrooms and fits a logistic regression from the feature maps'
values at a position to whether it lies in a box or elsewhere in the same samples. Every map of positive
weight is set to 0 at all positions. It takes "the second highest convolution layer", read here as the one
below the convolution that makes the image. (The text may mean the layer below that: about 200 maps were
dropped, and figure 1 has 128 next to the image.)

That protocol is run too, and reported for comparison. In the drawn portraits, with 32 filters, it removes the
crowns' colour and leaves their shape: the classifier no longer sees crowns, but people do. A second
classifier, which sees grey pictures only, counts how often. So four things are done in another way:

- The maps are the first ones, which the latent is projected to; what they draw, they draw as a whole.
- The negatives are the same places in samples *without* the attribute. Elsewhere in the same samples, the
  regression finds what belongs to a place of the picture rather than what belongs to the attribute.
- Large weights are penalised more, so that maps that are active together get equal weights.
- Maps are dropped in the order of their weights, and only as many as make the larger of two evils smallest:
the attribute that is left for one of the classifiers, and the largest change of another attribute.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_tf.analysis.finding import Finding
from dcgan_tf.analysis.forget.about import ANALYSIS
from dcgan_tf.analysis.forget.boxes import find_boxes
from dcgan_tf.analysis.forget.figure import forget_figure
from dcgan_tf.analysis.forget.generator_halves import Halves, split_generator
from dcgan_tf.analysis.forget.numbers import (
    details,
    is_forgotten,
    measures,
    protocol,
    summary,
    warnings,
)
from dcgan_tf.analysis.forget.outcome import ForgetResult, ForgetSetup, measure_outcome
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.judges import shape_judge
from dcgan_tf.runs import ForgottenMaps, Run, RunPaths, add_adjustments

FEWEST_SAMPLES = 10


def forget(
    run: Run,
    *,
    attribute: str,
    boxes: Path | str | None = None,
    drop: int | None = None,
    layer: int | None = None,
    num_images: int = 2048,
    seed: int = 0,
) -> Finding:
    """Drop the feature maps that draw something, and draw the same samples again.

    The module's own text says how the paper does it, and what is done otherwise here. Boxes, regression and
    number are made from the first half of the samples; what is reported is measured on the second. The file
    maps.json gets the maps, for a switch of an exported page, if most samples forget it.

    Args:
        run: a run trained on images with attributes.
        attribute: the attribute to forget, such as "crown".
        boxes: a JSON file {"sample number": [[top, left, bottom, right], ...]}, in pixels, of the first
            `num_images / 2` samples of `seed`; "occlusion": the smallest window that hides the attribute from
            the classifier; None is the place that the drawn portraits have it in, where that is known, and
            occlusion otherwise.
        drop: the number of maps, instead of the balanced one.
        layer: layer of the feature maps, counted from the image; None takes the first maps.
        num_images: number of samples; half of them are learnt from.
        seed: seed of the samples and of every random choice.

    Raises:
        ArgumentError: for an attribute that the data does not have, a fully connected generator, or a layer
            or a number of maps that it does not have.
        DataError: for a boxes file that is malformed.
        RunError: if the data has no attributes, or too few samples show this one.
    """
    ANALYSIS.check_arguments(run, drop=drop, layer=layer, num_images=num_images, seed=seed)
    started, subject = time.monotonic(), Subject(run)
    halves = split_generator(run.generator, layer=layer)
    _check_drop(drop, halves)
    _check_attribute(attribute, subject)
    setup = _setup(subject, halves, attribute, boxes, num_images=num_images, seed=seed)
    outcome = measure_outcome(setup, drop=drop, seed=seed)
    how = protocol(setup, outcome, drop=drop)
    switches = [_switch(setup, outcome)] if is_forgotten(outcome) else []
    save = partial(add_adjustments, run=run, found=switches, looked_for=[attribute])
    return Finding(
        name="forget",
        summary=summary(setup, outcome),
        protocol=subject.protocol(
            seed=seed, num_images=num_images, started=started, **how, **subject.classifier_facts()
        ),
        measures=measures(setup, outcome),
        figure=forget_figure(setup, outcome),
        details=details(outcome),
        warnings=(
            *setup.samples.doubts,
            *subject.classifier.doubtful(subject.classifier.binary),
            *warnings(setup, outcome),
        ),
        files={RunPaths(run.path).forgotten.name: save},
    )


def _check_drop(drop: int | None, halves: Halves) -> None:
    if drop is not None and not 1 <= drop <= halves.shape[-1]:
        raise ArgumentError(
            f"the number of maps to drop must be from 1 to {halves.shape[-1]}, received {drop}"
        )


def _check_attribute(attribute: str, subject: Subject) -> None:
    known = subject.classifier.binary
    if attribute not in known:
        raise ArgumentError(
            f"{subject.run.config.data.spec} has no binary attribute {attribute!r}; it has: "
            f"{', '.join(known) or 'none'}"
        )


def _setup(
    subject: Subject,
    halves: Halves,
    attribute: str,
    chosen: Path | str | None,
    *,
    num_images: int,
    seed: int,
) -> ForgetSetup:
    """Draw the samples and find the boxes."""
    samples = Samples.draw(subject, num_images, seed=seed)
    half = num_images // 2
    shown = samples.judgement.margins[attribute] > 0
    for name, found in (("show", shown), ("do not show", ~shown)):
        count = min(np.count_nonzero(found[:half]), np.count_nonzero(found[half:]))
        if count < FEWEST_SAMPLES:
            raise RunError(
                f"only {count} of the {half:,} samples in a half {name} {attribute!r}, and {FEWEST_SAMPLES} "
                "are needed in each; raise --num-images, or train the run for longer"
            )
    boxes = find_boxes(
        attribute,
        chosen,
        spec=subject.run.config.data.spec,
        images=samples.images[:half],
        shown=shown[:half],
        margin=lambda images: subject.classifier.predict(images).margins[attribute],
    )
    if not boxes.of:
        raise RunError(
            f"no window of at most half of the picture hides {attribute!r} from the classifier, so it has no "
            "place in the samples; draw boxes by hand (--boxes FILE.json)"
        )
    cache_dir = subject.run.config.data.cache_dir
    shapes = shape_judge(subject.train, subject.held_out_or_none, cache_dir=cache_dir)
    return ForgetSetup(samples, halves, attribute, boxes, shapes)


def _switch(setup: ForgetSetup, outcome: ForgetResult) -> ForgottenMaps:
    """Return what a page needs in order to forget it too."""
    run = setup.samples.subject.run
    return ForgottenMaps(
        name=setup.attribute,
        shown_class=run.shown_class,
        layer=setup.halves.layer,
        maps=tuple(map(int, outcome.dropped)),
        left=round(outcome.remains.still, 4),
        left_by_chance=round(outcome.random_remains[0], 4),
        changed=round(outcome.ours.collateral(setup.attribute), 4),
        realistic=round(outcome.realistic[1], 4),
        num_images=setup.half,
    )
