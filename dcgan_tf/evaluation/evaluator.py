"""Evaluate a set of pictures: every metric, beside the scores of real images and of pixels without form."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dcgan_tf import __version__, data
from dcgan_tf.config import DataConfig, ModelConfig
from dcgan_tf.data import ImageSet, held_out_images
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.cached_features import View, remembered_view, view
from dcgan_tf.evaluation.controls import CONTROLS, MOST_CONTROLS, controls
from dcgan_tf.evaluation.doubts import doubts
from dcgan_tf.evaluation.feature_spaces import ClassifierSpace, FeatureSpace, MetricNames
from dcgan_tf.evaluation.real_images import (
    FEWEST_IMAGES,
    MOST_IMAGES,
    RealImages,
    class_name,
    independent_pixels,
    of_class,
)
from dcgan_tf.evaluation.result import ERROR, FORMLESS, GUARDED, REAL, Evaluation, Row
from dcgan_tf.evaluation.scores import OF_CONTROLS, OF_FEATURES, OF_PIXELS, Metric, Score, Task, score
from dcgan_tf.judges import can_judge, trained_classifier
from dcgan_tf.latents import is_whole
from dcgan_tf.progress import Bar, progress
from dcgan_tf.runs import RunPaths, check_same_images, labels_in_shares, local_folder

CLASSIFIER, INCEPTION, SWD = "classifier", "inception", "swd"
SPACES = (CLASSIFIER, INCEPTION, SWD)
UNKNOWN_MODEL = ModelConfig(filters=16)
"""The settings of the untrained generator where it is not known what drew the pictures."""


class SampleFunction(Protocol):
    """A function that returns pictures: `Run.sample`, `Exported.sample`, or a set of files."""

    def __call__(self, num: int, *, seed: int) -> np.ndarray:
        """Return uint8 [num, H, W, C]."""


@dataclass(frozen=True)
class Evaluator:
    """Evaluates pictures against real images. What depends on real images alone is computed once.

    Attributes:
        real: the real images.
        space: the feature space; None if only pixels are compared.
        num_images: number of pictures that are drawn.
        seed: seed of the latents and of every random choice.
        metrics: the metrics that are computed.
        cache_dir: folder of the cached features; None is the usual place.
        bar: shows the progress.
        label: the only class that is evaluated, or None for all.
        model: settings of the untrained generator, which is a control.
    """

    real: RealImages
    space: FeatureSpace | None
    num_images: int
    seed: int = 0
    metrics: Sequence[Metric] = (*OF_FEATURES, *OF_PIXELS)
    cache_dir: str | Path | None = None
    bar: Bar = progress
    label: str | None = None
    model: ModelConfig = UNKNOWN_MODEL

    def __post_init__(self) -> None:
        if not (is_whole(self.num_images) and self.num_images >= FEWEST_IMAGES):
            raise ArgumentError(
                f"an evaluation needs at least {FEWEST_IMAGES} images, received {self.num_images!r}; name a "
                "whole number"
            )

    @staticmethod
    def of(
        config: DataConfig,
        *,
        space: str | None = None,
        weights: str | os.PathLike[str] | None = None,
        num_images: int | None = None,
        most_real: int = MOST_IMAGES,
        seed: int = 0,
        label: str | int | None = None,
        model: ModelConfig = UNKNOWN_MODEL,
        trained_in: str | os.PathLike[str] | None = None,
    ) -> Evaluator:
        """Return an evaluator that compares pictures with a dataset.

        Args:
            config: the dataset, with the split that the generator was trained on.
            space: one of SPACES; by default the classifier, or, where the data has neither attributes nor
                labels, the pixels alone.
            weights: file of Inception-v3's weights; None looks in Keras' cache.
            num_images: by default as many as there are real images that were held out, up to 10,000.
            most_real: the most images in the reference, and of those held out.
            seed: seed of the latents and of every random choice.
            label: name or number of the only class whose real images are compared with; None is all.
            model: settings of the untrained generator, which is a control.
            trained_in: the run directory that must have been trained on these images; None for other images.

        Raises:
            DcganError: if the data, the class or the space are not available, if there are fewer than 50
                images, or if the run was trained on other images.
        """
        train = data.load_data(config)
        if trained_in is not None:
            check_same_images(RunPaths(local_folder(trained_in)), train, conditional=model.conditional)
        beside = held_out_images(config, train)
        label = None if label is None else class_name(train, str(label))
        shown = train if label is None else of_class(train, label)
        chosen = _space(space, weights, train, beside[1] if beside else None, config)
        if beside and label is not None:
            beside = f"{beside[0]}, class {label}", of_class(beside[1], label)
        real = RealImages.of(config, shown, beside, most=most_real)
        metrics = (*OF_FEATURES, *OF_PIXELS) if chosen else OF_PIXELS
        num = len(real.others) if num_images is None else num_images
        return Evaluator(real, chosen, num, seed, metrics, config.cache_dir, label=label, model=model)

    @staticmethod
    def briefly(config: DataConfig, *, num_images: int, bar: Bar, model: ModelConfig) -> Evaluator:
        """Return an evaluator for few images, in features alone, or in pixels if there are no features."""
        whole = Evaluator.of(config, most_real=num_images, model=model)
        metrics = OF_FEATURES if whole.space else OF_PIXELS
        return replace(whole, num_images=min(num_images, len(whole.real.others)), metrics=metrics, bar=bar)

    @cached_property
    def reference(self) -> View:
        """The real images that all pictures are compared with."""
        return self._remembered(self.real.reference, "the reference")

    @cached_property
    def real_scores(self) -> Mapping[str, Score]:
        """{key: score of other real images}: as many as are drawn, or all there are."""
        return self._scored(self.real.others[: self.num_images], "other real images", self.metrics)

    @cached_property
    def formless_scores(self) -> Mapping[str, Score]:
        """{key: score of independent pixels, which have no form}."""
        drawn = independent_pixels(self.real.reference, self.num_images, seed=0)
        return self._scored(drawn, "pixels without form", self.metrics)

    @cached_property
    def controls(self) -> Mapping[str, Mapping[str, Score]]:
        """{name of a control: {key: its score}}, for the scores that are computed for controls."""
        num = min(self.num_images, MOST_CONTROLS)
        metrics = [metric for metric in self.metrics if metric in OF_CONTROLS]
        return {
            name: self._scored(images, CONTROLS[name], metrics)
            for name, images in controls(num, self.real.others, self.model)
        }

    def evaluate(self, draw: SampleFunction, **about: Any) -> Evaluation:
        """Draw pictures and compare them with the real images.

        Args:
            draw: returns the pictures.
            about: facts about the pictures for the protocol: run, step, generator.

        Raises:
            ArgumentError: if the pictures do not have the real images' size, or are more or fewer than were
                asked for; or if `draw` is no function, such as a run in place of its method.
        """
        if not callable(draw):
            raise ArgumentError(f"draw must be a function, such as run.sample, received {draw!r:.80}")
        started = time.monotonic()
        images = self._checked(np.asarray(draw(self.num_images, seed=self.seed)))
        # In random order: classes may come in turn, and some metrics work on every fifth image.
        images = images[np.random.default_rng(0).permutation(len(images))]
        viewed = view(images, self.space, "the pictures", bar=self.bar)
        scores = score(self._task(viewed, with_errors=True), self.metrics, "the pictures", bar=self.bar)
        rows = tuple(self._row(one) for one in scores)
        protocol = {**about, **self._protocol(), "seconds": round(time.monotonic() - started, 1)}
        protocol["dcgan_tf"] = __version__
        comparable = self.num_images <= len(self.real.others)
        warnings = (*doubts(rows, comparable=comparable), *self._remarks())
        return Evaluation(rows, protocol, warnings)

    def _remembered(self, images: np.ndarray, description: str) -> View:
        return remembered_view(images, self.space, description, bar=self.bar, cache_dir=self.cache_dir)

    def _scored(self, images: np.ndarray, description: str, metrics: Sequence[Metric]) -> dict[str, Score]:
        viewed = self._remembered(images, description)
        found: list[Score] = score(self._task(viewed, with_errors=False), metrics, description, bar=self.bar)
        return {one.key: one for one in found}

    def _row(self, one: Score) -> Row:
        ends = {REAL: self.real_scores, FORMLESS: self.formless_scores, **self.controls}
        return Row(one, {name: scores[one.key] for name, scores in ends.items() if one.key in scores})

    def _task(self, images: View, *, with_errors: bool) -> Task:
        names = self.space.names if self.space else MetricNames()
        return Task(images, self.reference, names, self.seed, with_errors)

    def _checked(self, images: np.ndarray) -> np.ndarray:
        if images.dtype != np.uint8 or images.shape[1:] != self.real.reference.shape[1:]:
            raise ArgumentError(
                f"the pictures must be uint8 {list(self.real.reference.shape[1:])} like the real images, "
                f"received {images.dtype} {list(images.shape[1:])}; draw them in that size, or choose data "
                "of their size with --against"
            )
        if len(images) != self.num_images:
            raise ArgumentError(
                f"expected {self.num_images:,} pictures, as many as were asked for, received {len(images):,}"
            )
        return images

    def _protocol(self) -> dict[str, Any]:
        return {
            "space": self.space.name if self.space else "pixels",
            **(self.space.facts if self.space else {}),
            "against": self.real.data,
            **({} if self.label is None else {"class": self.label}),
            "image_shape": list(self.real.reference.shape[1:]),
            "reference": self.real.reference_description,
            "real_images": f"{min(self.num_images, len(self.real.others)):,} {self.real.others_description}",
            "generated_images": self.num_images,
            FORMLESS: "each is taken from a real image of its own, at its own place",
            "controls": f"up to {MOST_CONTROLS:,} of each: {', '.join(CONTROLS.values())}",
            "guarded": GUARDED,
            "error": ERROR,
            "seed": self.seed,
        }

    def _remarks(self) -> list[str]:
        remarks = self.space.remarks if self.space else []
        if self.num_images > (available := len(self.real.others)):
            remarks = [
                *remarks,
                f"{self.num_images:,} pictures were drawn, but there are only {available:,} other real "
                "images: distances and coverage depend on the number, which is another reason why these "
                "columns differ",
            ]
        return remarks


def _space(
    name: str | None,
    weights: str | os.PathLike[str] | None,
    train: ImageSet,
    held_out: ImageSet | None,
    config: DataConfig,
) -> FeatureSpace | None:
    """Return the space of this name; by default the classifier, if there can be one."""
    if name == INCEPTION:
        from dcgan_tf.evaluation.inception import InceptionSpace

        return InceptionSpace.open(None if weights is None else Path(weights))
    if name == SWD or (name is None and not can_judge(train)):
        return None
    if name in (CLASSIFIER, None):
        return ClassifierSpace(trained_classifier(train, held_out, cache_dir=config.cache_dir))
    raise ArgumentError(f"space must be one of {', '.join(SPACES)}, received {name!r}")


def as_trained(
    sample: Callable[..., np.ndarray], class_names: Sequence[str], real: RealImages
) -> SampleFunction:
    """Return a function that draws the classes in the shares that the real images have.

    Args:
        sample: the method of a run or an export; it takes `labels`, one for each image, if it is conditional.
        class_names: names of its classes; () if it is not conditional.
        real: the real images, whose shares are used if they have the same classes; otherwise all classes are
            drawn equally often.
    """
    if not class_names or real.labels is None or tuple(class_names) != real.label_names:
        return sample
    labels = real.labels

    def draw(num: int, *, seed: int) -> np.ndarray:
        return sample(num, seed=seed, labels=labels_in_shares(labels, num))

    return draw
