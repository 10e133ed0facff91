"""The Fréchet distance between two sets of features, each taken as a normal distribution. NumPy only.

Dowson & Landau 1982, "The Fréchet distance between multivariate normal distributions"; for generated images
Heusel et al. 2017, equation 6. Only of Inception-v3's pool3 features is it called FID.
"""

from __future__ import annotations

import numpy as np


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared distance d² of two sets of features; smaller is more alike, 0 of a set to itself.

    It falls with the number of points even between sets of one source, so that it is comparable only at equal
    numbers.

    Args:
        a: float [N, D], N at least 2.
        b: float [M, D], M at least 2.

    Raises:
        ValueError: for other shapes.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"features must be [N, D] and [M, D] with at least 2 points each, received {a.shape}, {b.shape}"
        )
    return distance_of_normals(*moments(a), *moments(b))


def moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, float64 [D], and the unbiased covariance, float64 [D, D], of features [N, D]."""
    points = np.asarray(features, np.float64)
    return points.mean(axis=0), np.atleast_2d(np.cov(points, rowvar=False))


def distance_of_normals(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
    """Return d² = |mean_a - mean_b|² + Tr(A + B - 2 (A B)^½) of N(mean_a, A) and N(mean_b, B).

    The trace of (A B)^½ is taken from the eigenvalues of A^½ B A^½, which has those of A B but is symmetric:
    nothing complex can come out, also where a covariance is singular.

    Args:
        mean_a: [D].
        covariance_a: A, [D, D], symmetric and positive semi-definite.
        mean_b: [D].
        covariance_b: B, likewise.
    """
    root = _square_root(covariance_a)
    shared = np.linalg.eigvalsh(root @ covariance_b @ root)
    overlap = np.sqrt(np.maximum(shared, 0.0)).sum()
    squares = np.sum((mean_a - mean_b) ** 2)
    distance = squares + np.trace(covariance_a) + np.trace(covariance_b) - 2.0 * overlap
    return float(max(distance, 0.0))  # of equal sets, rounding leaves a little on either side of 0


def _square_root(matrix: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
