"""The Fréchet distance between two sets of features, taken as normal distributions.

Dowson & Landau 1982, "The Fréchet distance between multivariate normal distributions"; for generated images
Heusel et al. 2017, equation 6. It is called FID only for Inception-v3's pool3 features. This module needs
NumPy only.
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.metrics.inputs import check_features


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared distance d² of two sets of features; smaller is more alike, 0 of a set to itself.

    It falls with the number of points, even between sets of one source, so it is comparable only at equal
    numbers. Fewer points than dimensions give singular covariances: the distance is defined, but mostly shows
    that fall.

    Args:
        a: float [N, D], N at least 2.
        b: float [M, D], M at least 2.

    Raises:
        ArgumentError: for other shapes, or values that are not finite.
    """
    check_features(a, b, fewest=2)
    fewer, more = (a, b) if len(a) < len(b) else (b, a)
    if len(fewer) >= a.shape[1]:
        return distance_of_normals(*moments(a), *moments(b))
    return _distance_of_few(fewer, more)


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, float64 [D], and the unbiased covariance, float64 [D, D], of features [N, D]."""
    points = np.asarray(features, np.float64)
    return points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))


def distance_of_normals(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
    """Return d² = |mean_a - mean_b|² + Tr(A + B - 2 (A B)^½) of N(mean_a, A) and N(mean_b, B).

    The trace of (A B)^½ is taken from the eigenvalues of A^½ B A^½, which has those of A B but is symmetric:
    nothing complex can come out, even where a covariance is singular.

    Args:
        mean_a: [D].
        covariance_a: A, [D, D], symmetric and positive semi-definite.
        mean_b: [D].
        covariance_b: B, [D, D], symmetric and positive semi-definite.

    Raises:
        ArgumentError: if they have other shapes, or values that are not finite.
    """
    check_features(np.atleast_2d(mean_a), np.atleast_2d(mean_b), fewest=1)
    check_features(covariance_a, covariance_b, fewest=len(mean_a))
    root = _square_root(covariance_a)
    shared = root @ covariance_b @ root
    return _distance(mean_a - mean_b, np.trace(covariance_a) + np.trace(covariance_b), shared)


def _distance_of_few(fewer: np.ndarray, more: np.ndarray) -> float:
    """Return d² for fewer points than dimensions, without a matrix of size [D, D].

    With A = X^T X and B = Y^T Y, X and Y being the centred points over (N - 1)^½, A B has the eigenvalues of
    (X Y^T)(X Y^T)^T, but for zeros. X Y^T is smaller than Y.
    """
    (mean, x), (mean_of_more, y) = _centred(fewer), _centred(more)
    products = x @ y.T
    return _distance(mean - mean_of_more, np.sum(x**2) + np.sum(y**2), products @ products.T)


def _centred(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, and the centred points over (N - 1)^½, in float64."""
    points = np.asarray(features, np.float64)
    mean = points.mean(axis=0)
    return mean, (points - mean) / np.sqrt(len(points) - 1)


def _distance(means: np.ndarray, traces: float, shared: np.ndarray) -> float:
    """Return d² from the means' difference, the covariances' traces, and a matrix with A B's eigenvalues."""
    overlap = np.sqrt(np.maximum(np.linalg.eigvalsh(shared), 0.0)).sum()
    distance = np.sum(means**2) + traces - 2.0 * overlap
    return float(max(distance, 0.0))  # of equal sets, rounding leaves a little on either side of 0


def _square_root(matrix: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
