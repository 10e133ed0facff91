"""Measure how good generated pictures are, beside real images.

    from dcgan_tf.evaluation import Evaluator
    evaluation = Evaluator.of(run.config.data).evaluate(run.sample)
    print(evaluation.summary)

An `Evaluation` carries its protocol: feature space, number of images, seed, seconds. Each score is shown
between that of other real images and that of pixels without form. Training keeps its best checkpoint by a
hook: `KeepBest`, or `EveryEpoch`.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
