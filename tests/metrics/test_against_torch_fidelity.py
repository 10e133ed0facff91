"""The three classic metrics against torch-fidelity's own functions, on random features.

It needs the extra `reference`, which brings PyTorch.
"""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.metrics.frechet import frechet_distance
from dcgan_tf.metrics.inception_score import inception_score
from dcgan_tf.metrics.kernel_distance import squared_mmd

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it comes with the extra 'reference'")
pytest.importorskip("torch_fidelity", reason="torch-fidelity is not installed; it is the extra 'reference'")


def features():
    rng = np.random.default_rng(0)
    return rng.normal(size=(600, 64)), rng.normal(0.1, 1.2, size=(600, 64))


def test_the_frechet_distance():
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    a, b = features()
    statistics = [fid_features_to_statistics(torch.from_numpy(points)) for points in (a, b)]
    expected = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-4)


def test_the_kernel_distance():
    """One subset of all points is the estimate on whole sets."""
    from torch_fidelity.metric_kid import kid_features_to_metric

    a, b = features()
    options = {"kid_subsets": 1, "kid_subset_size": len(a), "verbose": False}
    found = kid_features_to_metric(torch.from_numpy(a), torch.from_numpy(b), **options)
    assert squared_mmd(a, b) == pytest.approx(found["kernel_inception_distance_mean"], rel=1e-4)


def test_the_inception_score():
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.from_numpy(np.random.default_rng(1).normal(0, 3, size=(503, 20)))
    expected = isc_features_to_metric(logits, splits=10, shuffle=False)
    mean, deviation = inception_score(logits.softmax(dim=1).numpy(), splits=10)
    assert mean == pytest.approx(expected["inception_score_mean"], rel=1e-4)
    assert deviation == pytest.approx(expected["inception_score_std"], rel=1e-4)
