"""The SVM against scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.svm import LinearSVC

from dcgan_tf.analysis.probe.linear_svm import fit_svm, svm_scores


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
