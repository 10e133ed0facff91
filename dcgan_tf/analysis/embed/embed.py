"""Write D's features of training, held-out and generated images for TensorBoard's Embedding Projector.

The features are those of section 5.1 of Radford et al. 2015: all of D's convolutional layers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from dcgan_tf.analysis.embed.about import ANALYSIS
from dcgan_tf.analysis.embed.figure import embed_figure
from dcgan_tf.analysis.embed.projector_files import Points
from dcgan_tf.analysis.features import SPACE, discriminator_features, discriminator_logits
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics import nearest
from dcgan_tf.runs import Run

KINDS = ("training", "held-out", "generated")
_CONTROL = "training against held-out"
KIND, NUMBER, LABEL, LOGIT = "kind", "number", "label", "D_logit"
"""The columns that every table of the points has; attributes of these names get another one."""
DIMENSIONS = 200
"""The Projector reduces longer vectors to this length at random; principal components keep more."""


@dataclass(frozen=True)
class Kind:
    """Images of one kind with their labels and attributes.

    Attributes:
        name: one of `KINDS`.
        images: uint8 [N, H, W, C].
        numbers: numbers of the images in their set, or of the samples.
        known: {column: N values}: labels and attributes; for samples, those that the classifier sees.
    """

    name: str
    images: np.ndarray
    numbers: Sequence[int]
    known: dict[str, Sequence[object]]


def embed(run: Run, *, num_images: int = 500, seed: int = 0) -> Finding:
    """Lay out training, held-out and generated images by D's features, and measure how alike they are.

    The finding is saved as a folder for TensorBoard: vectors, a table with the kind, the label and the
    attributes of each image, and thumbnails. Its number is that of a two-sample test: how often an image's
    nearest neighbour in all of D's features is of the same kind (leave-one-out 1-nearest-neighbour; Lopez-Paz
    and Oquab 2017).

    Args:
        run: a run of a DCGAN, whose data has held-out images.
        num_images: number of each kind; all three have at most as many as the smallest set.
        seed: seed of the samples.

    Raises:
        RunError: if there are no held-out images.
        ArgumentError: if the discriminator has no convolutional layers, or the thumbnails do not fit.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    started = time.monotonic()
    subject = Subject(run)
    count = _count(subject, num_images)
    sets = {"training": subject.train, "held-out": subject.held_out}
    kinds = [real(name, images, subject.rows_of_class(images), count) for name, images in sets.items()]
    images = np.concatenate([*(kind.images for kind in kinds), run.sample(count, seed=seed)])
    features = discriminator_features(run.discriminator, images)
    kinds.append(generated(subject, images[-count:]))
    pca = PCA(min(DIMENSIONS, *features.shape), svd_solver="randomized", random_state=0).fit(features)
    reduced = pca.transform(features).astype(np.float32)
    vectors = features if features.shape[1] <= DIMENSIONS else reduced
    kept = f" principal components, with {pca.explained_variance_ratio_.sum():.1%} of the variance"
    points = Points(f"D_features_step_{run.step}", vectors, _columns(subject, kinds), images)
    apart = _told_apart(features, count)
    return Finding(
        name="embed",
        summary=(
            f"for {apart.value:.1%} of {2 * count:,} generated and held-out images, the nearest neighbour in "
            f"D's features is of the same kind (50% is chance; {_CONTROL} {apart.controls[_CONTROL]:.1%})"
        ),
        protocol=subject.protocol(
            seed=seed,
            num_images=count,
            started=started,
            of_each_kind=list(KINDS),
            space=SPACE,
            dimensions=features.shape[1],
            vectors_written=str(vectors.shape[1]) + (" features" if vectors is features else kept),
            seen_in_samples_by=subject.classifier.feature_space if subject.has_classifier else None,
        ),
        measures=(apart,),
        figure=embed_figure(
            points={kind.name: part[:, :2] for kind, part in zip(kinds, np.split(reduced, 3), strict=True)},
            images={kind.name: kind.images for kind in kinds},
            variance=pca.explained_variance_ratio_[:2].tolist(),
            told_apart={"generated against held-out": apart.value, _CONTROL: apart.controls[_CONTROL]},
        ),
        files=points.files,
    )


def _count(subject: Subject, num_images: int) -> int:
    """Return the number of images of each kind."""
    if num_images < 2:
        raise ArgumentError(f"embed needs at least 2 images, received {num_images}; raise --num-images")
    there = [len(subject.rows_of_class(images)) for images in (subject.train, subject.held_out)]
    if min(there) < 2:
        of = "" if subject.run.shown_class is None else f" of class {subject.run.shown_class}"
        raise RunError(
            f"embed needs at least 2 training and 2 held-out images{of}, and "
            f"{subject.run.config.data.spec} has {there[0]} and {there[1]}; add images, or train with more "
            "held out"
        )
    return min(num_images, *there)


def _told_apart(features: np.ndarray, count: int) -> Measure:
    """Compare the kinds, whose features follow each other, `count` of each."""
    training, held_out, fake = (features[i * count : (i + 1) * count] for i in range(3))
    return Measure(
        "generated and held-out images told apart by their nearest neighbour in D's features",
        told_apart(fake, held_out),
        "share",
        {_CONTROL: told_apart(training, held_out), "not told apart": 0.5},
        "leave-one-out accuracy of one nearest neighbour; 0.5 is best, 1 means always told apart, "
        "below 0.5 that samples sit on the real images",
    )


def told_apart(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of points whose nearest other point is of their own kind.

    This is the accuracy of a leave-one-out classifier by one nearest neighbour: 0.5 if both come from one
    distribution, 1 if they are apart.

    Args:
        a: features of one kind, float32 [N, D].
        b: features of the other kind, float32 [N, D].

    Raises:
        ArgumentError: if the numbers differ, or are below two.
    """
    if len(a) != len(b) or len(a) < 2:
        raise ArgumentError(
            f"both kinds need the same number of points, at least 2, received {len(a)}, {len(b)}"
        )
    both = np.concatenate([a, b])
    _, indices = nearest(both, both, k=2)
    itself = indices[:, 0] == np.arange(len(both))  # of two equal points either may come first
    other = np.where(itself, indices[:, 1], indices[:, 0])
    return float(np.mean((other < len(a)) == (np.arange(len(both)) < len(a))))


def real(name: str, image_set: ImageSet, rows: np.ndarray, count: int) -> Kind:
    """Return images that are evenly spread over these rows of a set, with their labels and attributes."""
    chosen = rows[evenly_spaced(len(rows), count)]
    known: dict[str, Sequence[object]] = {}
    if image_set.labels is not None and len(image_set.label_names) > 1:
        known[LABEL] = [image_set.label_names[label] for label in image_set.labels[chosen]]
    for attribute, values in image_set.attributes.items():
        known[_column(attribute)] = _rounded(values[chosen])
    return Kind(name, np.asarray(image_set.images[chosen]), chosen.tolist(), known)


def generated(subject: Subject, images: np.ndarray) -> Kind:
    """Return samples, uint8 [N, H, W, C], with the label and attributes that the classifier sees."""
    known: dict[str, Sequence[object]] = {}
    if subject.has_classifier:
        judge = subject.classifier
        predictions = judge.predict(images)
        if judge.classes:
            margins = np.stack([predictions.margins[name] for name in judge.classes])
            known[LABEL] = [judge.classes[i] for i in margins.argmax(axis=0)]
        for name in judge.binary:
            known[_column(name)] = (predictions.margins[name] > 0).astype(int).tolist()
        known |= {_column(name): _rounded(predictions.values[name]) for name in judge.continuous}
    return Kind("generated", images, range(len(images)), known)


def _columns(subject: Subject, kinds: Sequence[Kind]) -> dict[str, Sequence[object]]:
    """Join the columns of all kinds: those that the training images have, and D's logit."""
    columns: dict[str, Sequence[object]] = {
        KIND: [kind.name for kind in kinds for _ in kind.images],
        NUMBER: [number for kind in kinds for number in kind.numbers],
    }
    for name in kinds[0].known:
        columns[name] = [value for kind in kinds for value in kind.known.get(name, [""] * len(kind.images))]
    discriminator = subject.run.discriminator
    columns[LOGIT] = [
        value for kind in kinds for value in _rounded(discriminator_logits(discriminator, kind.images))
    ]
    return columns


def _column(attribute: str) -> str:
    """Return the column of an attribute: its name, unless another column has that."""
    return f"{attribute} (attribute)" if attribute in (KIND, NUMBER, LABEL, LOGIT) else attribute


def _rounded(values: np.ndarray) -> list[object]:
    """Return values for a table: whole numbers unchanged, others to three digits."""
    if np.issubdtype(values.dtype, np.integer):
        return list(values.tolist())
    return list(np.round(values.astype(np.float64), 3).tolist())
