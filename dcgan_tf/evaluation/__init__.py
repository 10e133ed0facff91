"""Scores of generated pictures, held against real ones.

    from dcgan_tf.evaluation import Evaluator
    evaluation = Evaluator.of(run.config.data).evaluate(run.sample)
    print(evaluation.summary)

An `Evaluation` carries its protocol: feature space, number of images, seed, seconds. A score always
stands between what other real images get and what pixels without form get. Training evaluates through a
hook, `EveryEpoch`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
