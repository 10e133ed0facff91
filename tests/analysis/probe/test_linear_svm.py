"""The SVM against scikit-learn's."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from dcgan_tf.analysis.probe.linear_svm import fit_svm, in_parallel, svm_scores


def test_it_finds_the_weights_of_scikit_learn_s_linear_svc():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 12)).astype(np.float32)
    signs = np.sign(features[:, :3] + rng.normal(size=(300, 3)) + 0.3)
    penalties = np.array([1.0, 0.1, 0.01])
    found = fit_svm(features, signs, penalties, precision=1e-12)
    for k, penalty in enumerate(penalties):
        same = LinearSVC(C=1 / (penalty * 300), dual=False, tol=1e-8).fit(features, signs[:, k])
        np.testing.assert_allclose(found[:-1, k], same.coef_[0], atol=1e-3)
        np.testing.assert_allclose(found[-1, k], same.intercept_[0], atol=1e-3)
        np.testing.assert_allclose(
            svm_scores(features, found)[:, k], same.decision_function(features), atol=0.01
        )


def test_jobs_at_once_have_the_results_of_each_alone_in_their_order():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(400, 600)).astype(np.float32)
    signs = np.sign(features[:, :1] + rng.normal(size=(400, 1)))
    penalties = [np.array([2.0**-i]) for i in range(8)]
    alone = [fit_svm(features, signs, penalty) for penalty in penalties]
    at_once = in_parallel(lambda penalty: fit_svm(features, signs, penalty), penalties)
    np.testing.assert_array_equal(at_once, alone)
    assert len({weights.tobytes() for weights in at_once}) == 8


def test_as_many_jobs_run_at_once_as_there_are_cores(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    together = threading.Barrier(3, timeout=30)
    assert len(in_parallel(lambda job: together.wait(), range(3))) == 3  # none waits in vain for the others


def test_the_error_of_a_job_comes_out():
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda job: 1 / job, [1, 0])
