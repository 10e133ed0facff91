"""TrainStates as plain arrays, so that two of them can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import keras_settings
from dcgan_tf.training.state import TrainState


@contextmanager
def everything_in_float64() -> Iterator[None]:
    """Have Keras hand float64 from layer to layer, and count in it; otherwise it rounds in between."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras_settings, "_FLOAT", "float64")
            yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def all_variables(state: TrainState) -> dict[str, Any]:
    """Return {"part/number/name": variable} of the state: weights, statistics, counters, slots, the step.

    Keras numbers its layers through the whole process, so their paths differ between two equal models.
    """
    found = {"step": state.step}
    for part, holder in vars(state).items():
        for number, variable in enumerate(getattr(holder, "variables", ())):
            name = variable.path.split("/")[-1]
            found[f"{part}/{number}/{name.rpartition('_')[2] if 'optimizer' in part else name}"] = variable
    return found


def snapshot(state: TrainState) -> dict[str, np.ndarray]:
    """Return a copy of every variable (of its first replica)."""
    return {name: np.copy(variable.numpy()) for name, variable in all_variables(state).items()}


def copies(strategy: tf.distribute.Strategy, variable: Any) -> list[np.ndarray]:
    """Return what each replica holds of a variable."""
    inner = getattr(variable, "_value", variable)  # Keras wraps TensorFlow's
    return [copy.numpy() for copy in strategy.experimental_local_results(inner)]
