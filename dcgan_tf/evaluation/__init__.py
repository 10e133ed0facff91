"""How good are the pictures? Distances to real images, fidelity and variety, each on a scale with two ends.

    from dcgan_tf.evaluation import Evaluator
    evaluation = Evaluator.of(run.config.data).evaluate(run.sample)
    print(evaluation.summary)

Of a conditional run, `as_trained(run.sample, run.class_names, evaluator.real)` draws each class as often as
it comes in the data.

Training calls it as a hook: `train(config, hooks=[EveryEpoch(config)])`.
"""

from __future__ import annotations

from dcgan_tf.evaluation.result import Evaluation, Row
from dcgan_tf.evaluation.evaluator import Evaluator
from dcgan_tf.evaluation.every_epoch import EveryEpoch
from dcgan_tf.evaluation.scores import Score

__all__ = ["Evaluation", "Evaluator", "EveryEpoch", "Row", "Score"]
