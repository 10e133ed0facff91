"""Show what D's filters respond to by guided backpropagation (Radford et al. 2015, section 6.2, figure 5)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis import untrained
from dcgan_tf.analysis.filters.about import ANALYSIS
from dcgan_tf.analysis.filters.detectors import Detector, best_features, find_detectors
from dcgan_tf.analysis.filters.figure import FilterRow, filters_figure
from dcgan_tf.analysis.filters.guided_backprop import (
    STRONGEST_SHARE,
    concentration,
    feature_maxima,
    guided_gradients,
    last_feature_layers,
    pixels_seen,
)
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.questions import questions, shown
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.progress import progress
from dcgan_tf.runs import Run

BEST, FIRST = "best", "first"
FEATURES_SHOWN = 6
IMAGES_PER_FEATURE = 4
CLEAR_DIFFERENCE = 0.05
"""The smallest difference between mean AUCs, of trained and random features, that shows an effect."""
RANDOM, SHUFFLED = "random D", "shuffled answers"
METHOD = {
    "gradient": "guided backpropagation from a feature's maximum over its map; at a leaky ReLU a gradient is "
    "kept where it and the activation's input are positive; D in inference mode",
    "concentration": f"of the {IMAGES_PER_FEATURE} strongest images of every feature; energy in a "
    "tenth of as many pixels as a feature sees",
    "best_feature": "chosen on one half of the images, graded on the other",
}


@dataclass(frozen=True)
class FeatureResponses:
    """The response of one discriminator's last convolutional layer to the images.

    Attributes:
        maxima: maximum of each feature's map in each image, float32 [N, F].
        top: the images with the highest maxima for each feature, int64 [F, 4].
        gradients: guided, of these, float32 [F, 4, H, W, C].
        receptive_field: number of pixels that a feature depends on.
        detectors: {attribute: the feature that tells it best}.
    """

    maxima: np.ndarray
    top: np.ndarray
    gradients: np.ndarray
    receptive_field: int
    detectors: Mapping[str, Detector]

    @property
    def concentration(self) -> float:
        """The mean over all features' gradients that are not 0."""
        gradients = self.gradients.reshape(-1, *self.gradients.shape[2:])
        return float(np.nanmean(concentration(gradients, receptive_field=self.receptive_field)))

    @property
    def mean_auc(self) -> float:
        """The mean of the attributes' best features' AUC."""
        return float(np.mean([detector.best for detector in self.detectors.values()]))


def filters(run: Run, *, num_images: int = 2000, features: str = BEST, seed: int = 0) -> Finding:
    """Show what the features of D's last convolutional layer respond to, beside those of a random D.

    There are two grades. One is the concentration of the guided gradients: a feature that has learnt a part
    of the picture responds to few of the pixels it sees. The other, if the images have attributes or labels,
    is how well a feature's maximum over its map detects each of them. The best feature is chosen on one half
    of the images and graded on the other.

    Args:
        run: a run with a convolutional discriminator.
        num_images: number of real images, held-out ones if there are any.
        features: the features to draw: "best", those that detect an attribute best; or "first", the first
            six, as in the paper.
        seed: seed of the choice of images and of the halves.

    Raises:
        ArgumentError: if the discriminator is fully connected, for another word in `features`, or a number
            that is too small.
        RunError: if there are fewer images than a feature's row shows.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    started = time.monotonic()
    if features not in (BEST, FIRST):
        raise ArgumentError(f"features must be {BEST!r} or {FIRST!r}, received {features!r}")
    last_feature_layers(run.discriminator)
    subject = Subject(run)
    source, warnings = _real_images(subject)
    _check_enough(len(source), num_images, subject.run.config.data.spec)
    rows = _chosen(len(source), num_images, seed=seed)
    images = np.asarray(source.images[rows])
    truths = {name: truth[rows] for name, truth in shown(questions(source)).items()}
    fresh = untrained.untrained_discriminator(run, subject.train.images)
    trained, random = (
        find_responses(network, images, truths, seed=seed)
        for network in progress([run.discriminator, fresh], "discriminators")
    )
    by_chance = _by_chance(trained.maxima, truths, seed=seed)
    return Finding(
        name="filters",
        summary=_summary(trained, random),
        protocol=subject.protocol(
            seed=seed,
            num_images=len(images),
            started=started,
            images=f"real, {'training' if warnings else 'held out'}",
            layer=f"the last convolution before the judge, {len(trained.top)} features",
            pixels_seen=trained.receptive_field,
            features_shown=features if trained.detectors else FIRST,
            **METHOD | {"random_discriminator": untrained.protocol(run)},
        ),
        measures=(*_auc_measures(trained, random, by_chance), _concentration_measure(trained, random)),
        figure=_figure(trained, random, images, features),
        details={"trained": _details(trained), "random": _details(random)},
        warnings=(*warnings, *_left_out(truths, trained, more=len(source) - len(rows))),
    )


def find_responses(
    discriminator: keras.Sequential, images: np.ndarray, truths: Mapping[str, np.ndarray], *, seed: int
) -> FeatureResponses:
    """Find the images that each feature of a discriminator responds to most, and what it detects.

    Args:
        discriminator: images float32 [N, H, W, C] in [-1, 1] to probabilities.
        images: uint8 [N, H, W, C].
        truths: {attribute: which images show it, bool [N]}.
        seed: of the halves.
    """
    maxima = feature_maxima(discriminator, images)
    top = np.argsort(-maxima, axis=0, kind="stable")[:IMAGES_PER_FEATURE].T
    numbers = np.repeat(np.arange(len(top)), top.shape[1])
    gradients = guided_gradients(discriminator, images[top.ravel()], numbers)
    return FeatureResponses(
        maxima,
        top,
        gradients.reshape(*top.shape, *images.shape[1:]),
        pixels_seen(discriminator),
        find_detectors(maxima, truths, seed=seed),
    )


def _real_images(subject: Subject) -> tuple[ImageSet, tuple[str, ...]]:
    """Return held-out images, or the training images with a warning."""
    if subject.held_out_or_none:
        return subject.held_out_or_none, ()
    return subject.train, ("there are no held-out images; these are images that D was trained on",)


def _check_enough(there: int, wanted: int, spec: str) -> None:
    if min(there, wanted) < IMAGES_PER_FEATURE:
        few = there < IMAGES_PER_FEATURE
        advice = f"{spec} has only {there} to look at; add some" if few else "raise --num-images"
        raise RunError(f"filters need {IMAGES_PER_FEATURE} images or more; {advice}")


def _chosen(count: int, wanted: int, *, seed: int) -> np.ndarray:
    """Return numbers of images, ascending: all, or as many as are wanted."""
    return np.sort(np.random.default_rng([seed, 1]).permutation(count)[:wanted])


def _by_chance(maxima: np.ndarray, truths: Mapping[str, np.ndarray], *, seed: int) -> dict[str, float]:
    """Return the same grades with the answers shuffled among the images."""
    order = np.random.default_rng([seed, 3]).permutation(len(maxima))
    shuffled = {name: truth[order] for name, truth in truths.items()}
    return {name: d.best for name, d in find_detectors(maxima, shuffled, seed=seed).items()}


def _figure(trained: FeatureResponses, random: FeatureResponses, images: np.ndarray, features: str) -> Figure:
    return filters_figure(
        trained=_rows(trained, images, features),
        random=_rows(random, images, features),
        auc={name: (found.best, random.detectors[name].best) for name, found in trained.detectors.items()},
        concentration=(trained.concentration, random.concentration),
    )


def _rows(responses: FeatureResponses, images: np.ndarray, features: str) -> list[FilterRow]:
    chosen: list[tuple[int, Detector | None]] = []
    if features == BEST:
        chosen += best_features(responses.detectors, FEATURES_SHOWN)
    chosen = chosen or [(feature, None) for feature in range(min(FEATURES_SHOWN, len(responses.top)))]
    rows = []
    for feature, detector in chosen:
        tells = f"tells {detector.attribute}\nAUC {detector.auc[feature]:.2f}" if detector else ""
        name = f"{tells}\nfeature {feature}".strip()
        rows.append(FilterRow(name, images[responses.top[feature]], responses.gradients[feature]))
    return rows


def _summary(trained: FeatureResponses, random: FeatureResponses) -> str:
    focus = (
        f"{trained.concentration:.0%} of a guided gradient's energy lies in a tenth of the pixels it sees "
        f"(random D {random.concentration:.0%})"
    )
    if not trained.detectors:
        return focus
    # Whether the training taught its features anything that random ones do not tell as well.
    null = trained.mean_auc - random.mean_auc < CLEAR_DIFFERENCE
    return (
        f"{'a null result: ' if null else ''}single features of D recognise attributes "
        f"{'no ' if null else ''}better than those of a random D (AUC of the best feature, mean over "
        f"{len(trained.detectors)} attributes: {trained.mean_auc:.3f} and {random.mean_auc:.3f}; only a "
        f"difference of {CLEAR_DIFFERENCE} counts); {focus}"
    )


def _auc_measures(
    trained: FeatureResponses, random: FeatureResponses, by_chance: Mapping[str, float]
) -> list[Measure]:
    if not trained.detectors:
        return []
    meaning = (
        "how often the feature's maximum is higher in an image that shows it than in one that does not; the "
        "feature was chosen on other images; 0.5 is chance, more is better"
    )
    measures = [
        Measure(
            "best feature's AUC, mean over attributes",
            trained.mean_auc,
            "AUC",
            {RANDOM: random.mean_auc, SHUFFLED: float(np.mean(list(by_chance.values())))},
            meaning,
        )
    ]
    for name, detector in trained.detectors.items():
        controls = {RANDOM: random.detectors[name].best} | (
            {SHUFFLED: by_chance[name]} if name in by_chance else {}
        )
        measures.append(Measure(f"best feature's AUC for {name}", detector.best, "AUC", controls, meaning))
    return measures


def _concentration_measure(trained: FeatureResponses, random: FeatureResponses) -> Measure:
    return Measure(
        "concentration of the guided gradients",
        trained.concentration,
        "share",
        {RANDOM: random.concentration, "every pixel alike": STRONGEST_SHARE},
        "share of a gradient's energy in the strongest pixels, a tenth of those that a feature can "
        "see; more means that it responds to a smaller part of what it sees",
    )


def _details(responses: FeatureResponses) -> dict[str, object]:
    return {
        "features": {
            name: {"feature": int(detector.ranking[0]), "auc": detector.best}
            for name, detector in responses.detectors.items()
        },
        "concentration": responses.concentration,
    }


def _left_out(truths: Mapping[str, np.ndarray], responses: FeatureResponses, *, more: int) -> list[str]:
    """Return warnings for attributes that are not graded; `more` other images are available."""
    advice = "; raise --num-images" if more else ", and there are no other images to look at"
    return [
        f"too few images with or without {name!r} to grade features on{advice}"
        for name in truths
        if name not in responses.detectors
    ]
