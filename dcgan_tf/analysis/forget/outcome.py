"""Measure the effect of dropping feature maps on the samples that show an attribute."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from dcgan_tf.analysis.forget.boxes import Boxes, inside
from dcgan_tf.analysis.forget.effects import Effect, balanced, mean_change, numbers_beside, numbers_to_try
from dcgan_tf.analysis.forget.generator_halves import Halves, split_generator
from dcgan_tf.analysis.forget.map_weights import MapWeights, fit_map_weights, random_maps
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.errors import RunError
from dcgan_tf.judges import Classifier, grey
from dcgan_tf.progress import progress

PENALTY = 0.5
"""The penalty of large weights; see `map_weights.fit_map_weights`."""
RANDOM_DRAWS = 5


SURE = math.log(19)
"""The margin from which a judge is sure of a yes-or-no attribute, with a probability of 0.95."""


@dataclass(frozen=True)
class Remains:
    """What is left of an attribute in the samples that showed it, after maps were dropped.

    Attributes:
        numbers: numbers of these samples, int64 [n].
        margins: afterwards, the larger of the classifier's and of the judge of shapes', float32 [n].
    """

    numbers: np.ndarray
    margins: np.ndarray

    @property
    def still(self) -> float:
        """The share of samples that still show it to one of the two judges."""
        return float(np.mean(self.margins > 0))

    @property
    def not_gone(self) -> float:
        """The share of samples that may still show it: one of the judges is not sure that they do not."""
        return float(np.mean(self.margins > -SURE))

    def evenly(self, count: int) -> np.ndarray:
        """Return `count` places that represent equal parts of the samples, from most to least left."""
        count = min(count, len(self.margins))
        ranks = ((np.arange(count) + 0.5) * len(self.margins) / count).astype(np.int64)
        return np.argsort(-self.margins, kind="stable")[ranks]

    def verdict(self, place: int) -> str:
        """Return the judges' opinion of one sample."""
        margin = float(self.margins[place])
        return "still there" if margin > 0 else "in doubt" if margin > -SURE else "gone"


@dataclass(frozen=True)
class ForgetSetup:
    """The attribute to forget, and where it is in the samples.

    Attributes:
        samples: the first half of them is learnt from; what is reported is measured on the second half.
        halves: the generator, cut after the maps of which some are dropped.
        attribute: the attribute to forget.
        boxes: boxes of samples of the first half.
        shape: the judge that sees no colours, or None.
        same_place: the regression's negatives: True are the same places in samples without the attribute,
            False random positions elsewhere in the same samples, as in the paper.
    """

    samples: Samples
    halves: Halves
    attribute: str
    boxes: Boxes
    shape: Classifier | None
    same_place: bool = True

    @property
    def as_in_the_paper(self) -> ForgetSetup:
        """The same setting with the maps next to the image and the paper's negatives."""
        halves = split_generator(self.samples.subject.run.generator, layer=1)
        return replace(self, halves=halves, same_place=False)

    @property
    def half(self) -> int:
        """The number of samples that are learnt from."""
        return len(self.samples.latents) // 2

    @property
    def learnt_from(self) -> slice:
        """The first half of the samples."""
        return slice(self.half)

    @property
    def held_out(self) -> slice:
        """The second half of the samples."""
        return slice(self.half, 2 * self.half)

    @property
    def margins(self) -> dict[str, np.ndarray]:
        """The margins of the binary attributes in all samples, before maps are dropped."""
        margins = self.samples.judgement.margins
        return {name: margins[name] for name in self.samples.subject.classifier.binary}

    def images_without(self, dropped: np.ndarray, which: slice | np.ndarray) -> np.ndarray:
        """Draw some of the samples again, from the same latents, without these maps."""
        return self.halves.images_without(self.samples.latents[which], dropped)

    def effect(self, dropped: np.ndarray, which: slice) -> Effect:
        """Return the effect of dropping maps on some of the samples."""
        images = self.images_without(dropped, which)
        after = self.samples.subject.classifier.predict(images).margins
        before = {name: margins[which] for name, margins in self.margins.items()}
        return Effect.between(before, after, by_shape=self.seen_by_shape(images))

    def remains(self, dropped: np.ndarray) -> Remains:
        """Return what is left of the attribute in the samples of the second half that showed it."""
        numbers = np.flatnonzero(self.margins[self.attribute] > 0)
        numbers = numbers[(numbers >= self.half) & (numbers < 2 * self.half)]
        images = self.images_without(dropped, numbers)
        margins = self.samples.subject.classifier.predict(images).margins[self.attribute]
        if self.shape is not None:
            margins = np.maximum(margins, self.shape.predict(grey(images)).margins[self.attribute])
        return Remains(numbers, np.asarray(margins))

    def seen_by_shape(self, images: np.ndarray) -> float | None:
        """Return the share of images in which the judge of shapes sees the attribute, or None."""
        if self.shape is None:
            return None
        return float(np.mean(self.shape.predict(grey(images)).margins[self.attribute] > 0))

    def masks(self, map_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return (numbers of the samples with boxes int64 [n], what lies in these bool [n, *map_size])."""
        image_size = self.samples.images.shape[1:3]
        numbers = np.array(list(self.boxes.of))
        masks = [inside(self.boxes.of[i], image_size=image_size, map_size=map_size) for i in numbers]
        return numbers, np.stack(masks)


@dataclass(frozen=True)
class ForgetResult:
    """The results, on the second half of the samples unless stated otherwise.

    Attributes:
        fitted: the regression.
        dropped: the maps that were dropped.
        tried: {number of dropped maps: its effect on the first half}.
        before: with all maps.
        ours: the effect of `dropped`.
        random: that of as many random maps, the mean of several draws.
        paper: that of the paper's own rule: in `ForgetSetup.as_in_the_paper` all maps of positive weight.
        paper_dropped: these maps.
        remains: what `dropped` leaves in the samples that showed the attribute.
        random_remains: the mean shares (still, not gone) that random maps leave there.
        paper_remains: what the paper's rule leaves there.
        realistic: shares of the samples as realistic as ordinary ones: before, and without `dropped`.
        changes: mean absolute differences in levels: "inside" and "outside" the boxes, in the samples that
            have some (of the first half); "absent", all of the samples that do not show the attribute.
    """

    fitted: MapWeights
    dropped: np.ndarray
    tried: dict[int, Effect]
    before: Effect
    ours: Effect
    random: Effect
    paper: Effect
    paper_dropped: np.ndarray
    remains: Remains
    random_remains: tuple[float, float]
    paper_remains: Remains
    realistic: tuple[float, float]
    changes: dict[str, float]


def measure_outcome(setup: ForgetSetup, *, drop: int | None, seed: int) -> ForgetResult:
    """Fit the regression, choose how many maps to drop, and measure the effect.

    Args:
        setup: what is forgotten, and where.
        drop: the number of maps; None is the balanced one (`effects.balanced`).
        seed: seed of the regression's positions and of the random maps.

    Raises:
        RunError: if no map has a positive weight.
    """
    held_out, paper = setup.held_out, setup.as_in_the_paper
    fitted = map_weights(setup, penalty=PENALTY, seed=seed)
    tried = _tried(setup, fitted.positive)
    dropped = fitted.by_weight[: drop or balanced(tried, setup.attribute)]
    channels = setup.halves.shape[-1]
    draws = random_maps(len(dropped), channels=channels, draws=RANDOM_DRAWS, seed=seed)
    paper_dropped = map_weights(paper, penalty=None, seed=seed).positive
    return ForgetResult(
        fitted=fitted,
        dropped=dropped,
        tried=tried,
        before=setup.effect(np.array([], int), held_out),
        ours=setup.effect(dropped, held_out),
        random=Effect.mean([setup.effect(maps, held_out) for maps in progress(draws, "random maps")]),
        paper=paper.effect(paper_dropped, held_out),
        paper_dropped=paper_dropped,
        remains=setup.remains(dropped),
        random_remains=_mean_remains([setup.remains(maps) for maps in draws]),
        paper_remains=paper.remains(paper_dropped),
        realistic=_realistic(setup, dropped),
        changes=_changes(setup, dropped),
    )


def _tried(setup: ForgetSetup, positive: np.ndarray) -> dict[int, Effect]:
    """Drop more and more maps in the first half of the samples, with small steps around the best number."""
    if not len(positive):
        raise RunError(
            "no feature map is more active in the boxes than elsewhere; draw other boxes (--boxes FILE.json)"
        )
    tried: dict[int, Effect] = {}

    def add(numbers: list[int]) -> None:
        for n in progress(numbers, "dropping maps"):
            tried[n] = setup.effect(positive[:n], setup.learnt_from)

    add(numbers_to_try(len(positive)))
    add(numbers_beside(balanced(tried, setup.attribute), list(tried)))
    return dict(sorted(tried.items()))


def map_weights(setup: ForgetSetup, *, penalty: float | None, seed: int) -> MapWeights:
    """Fit the regression to the feature maps of the samples with boxes, against the setting's negatives."""
    h, w, _ = setup.halves.shape
    numbers, masks = setup.masks((h, w))
    latents = setup.samples.latents
    maps = setup.halves.maps(latents[numbers])
    elsewhere = maps[~masks]
    if setup.same_place:
        absent = np.flatnonzero(setup.margins[setup.attribute][setup.learnt_from] <= 0)
        partners = np.resize(np.random.default_rng([seed, 60]).permutation(absent), len(numbers))
        elsewhere = setup.halves.maps(latents[partners])[masks]
    return fit_map_weights(maps[masks], elsewhere, penalty=penalty, seed=seed)


def _mean_remains(several: list[Remains]) -> tuple[float, float]:
    return (
        float(np.mean([one.still for one in several])),
        float(np.mean([one.not_gone for one in several])),
    )


def _realistic(setup: ForgetSetup, dropped: np.ndarray) -> tuple[float, float]:
    samples, held_out = setup.samples, setup.held_out
    after = samples.judge(setup.images_without(dropped, held_out))
    before = samples.realistic(samples.judgement)[held_out]
    return float(before.mean()), float(samples.realistic(after).mean())


def _changes(setup: ForgetSetup, dropped: np.ndarray) -> dict[str, float]:
    """Return how much the pixels changed: in and outside the boxes, and in samples without the attribute."""
    images = setup.samples.images
    numbers, masks = setup.masks(images.shape[1:3])
    before, after = images[numbers], setup.images_without(dropped, numbers)
    absent = np.flatnonzero(setup.margins[setup.attribute] <= 0)
    everywhere = np.ones((len(absent), *images.shape[1:3]), bool)
    return {
        "inside": mean_change(before, after, masks),
        "outside": mean_change(before, after, ~masks),
        "absent": mean_change(images[absent], setup.images_without(dropped, absent), everywhere),
    }
