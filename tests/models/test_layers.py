"""Batch norm and dropout: the same numbers however many replicas share a batch. Kernels: even phases."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.models.layers import EvenPhases, StepDropout, SyncBatchNormalization, layer_seeds
from dcgan_tf.training.strategy import make_strategy

# Keras 3.15 reads weights into NumPy in the way of NumPy 1; it can still be read, and only warns.
KERAS_READS_WEIGHTS = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
FEATURES = np.random.default_rng(0).normal(3, 2, (6, 2, 2, 3)).astype(np.float32)


def on_replicas(replicas: int, make_layer, inputs: np.ndarray):
    """Call a layer in training, on each replica with its share; return the layer and all outputs."""
    strategy = make_strategy(replicas)
    with strategy.scope():
        layer = make_layer()
        layer.build((None, *inputs.shape[1:]))
    shares = np.split(inputs, replicas)

    @tf.function
    def run():
        values = strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(shares[context.replica_id_in_sync_group])
        )
        return strategy.run(lambda share: layer(share, training=True), (values,))

    return layer, np.concatenate(strategy.experimental_local_results(run()))


# Batch normalisation


def test_training_normalises_by_the_batch_and_remembers_a_tenth_of_it():
    layer = SyncBatchNormalization()
    outputs = layer(FEATURES, training=True).numpy()
    mean, variance = FEATURES.mean(axis=(0, 1, 2)), FEATURES.var(axis=(0, 1, 2))
    np.testing.assert_allclose(outputs, (FEATURES - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * mean, rtol=1e-5)
    # The variance itself, not n / (n - 1) of it, as TensorFlow's fused kernel hands it over.
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.9 + 0.1 * variance, rtol=1e-5)


def test_inference_normalises_by_what_is_remembered():
    layer = SyncBatchNormalization()
    layer.build(FEATURES.shape)
    layer.moving_mean.assign([1.0, 2.0, 3.0])
    layer.moving_variance.assign([4.0, 9.0, 16.0])
    expected = (FEATURES - [1, 2, 3]) / [2, 3, 4]
    np.testing.assert_allclose(layer(FEATURES, training=False).numpy(), expected, atol=1e-5)
    assert layer.moving_mean.numpy().tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_fused_kernel_computes_what_keras_layer_computes(dtype, monkeypatch):
    fused, plain = SyncBatchNormalization(dtype=dtype), SyncBatchNormalization(dtype=dtype)
    from_fused = fused(FEATURES, training=True).numpy().astype(float)
    monkeypatch.setattr(SyncBatchNormalization, "_can_fuse", lambda layer, dtype: False)
    from_plain = plain(FEATURES, training=True).numpy().astype(float)
    # bfloat16 has 8 bits; outputs go to about 3.
    np.testing.assert_allclose(from_fused, from_plain, atol=1e-5 if dtype == "float32" else 0.02)
    for one, two in zip(fused.variables, plain.variables, strict=True):
        assert one.dtype == "float32"
        np.testing.assert_allclose(
            one.numpy(), two.numpy(), rtol=1e-5 if dtype == "float32" else 0.02, atol=1e-6
        )


def test_gradients_of_the_fused_kernel_are_those_of_keras_layer(monkeypatch):
    weights = tf.constant(np.random.default_rng(1).normal(size=FEATURES.shape), tf.float32)

    def gradients():
        layer, features = SyncBatchNormalization(), tf.constant(FEATURES)
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(layer(features, training=True) * weights)
        return tape.gradient(loss, [features, layer.gamma.value, layer.beta.value])

    fused = gradients()
    monkeypatch.setattr(SyncBatchNormalization, "_can_fuse", lambda layer, dtype: False)
    for one, two in zip(fused, gradients(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


def test_two_replicas_normalise_by_the_batch_of_both():
    one, from_one = on_replicas(1, SyncBatchNormalization, FEATURES)
    two, from_two = on_replicas(2, SyncBatchNormalization, FEATURES)
    np.testing.assert_allclose(from_two, from_one, atol=1e-5)
    for single, mirrored in zip(one.variables, two.variables, strict=True):
        np.testing.assert_allclose(mirrored.numpy(), single.numpy(), rtol=1e-5, atol=1e-6)


# Dropout


def test_inference_drops_nothing_and_counts_nothing():
    layer = StepDropout(0.5, seed=1)
    inputs = np.ones((3, 4), np.float32)
    np.testing.assert_array_equal(layer(inputs).numpy(), inputs)
    assert layer.calls.numpy() == 0


def test_training_drops_the_rate_and_makes_up_for_it():
    layer = StepDropout(0.1, seed=1)
    outputs = layer(np.ones((1000, 200), np.float32), training=True).numpy()
    dropped = (outputs == 0).mean()
    assert abs(dropped - 0.1) < 5 * np.sqrt(0.1 * 0.9 / outputs.size)
    # What is left is divided by 0.9, which keeps the mean.
    np.testing.assert_allclose(outputs[outputs != 0], 1 / 0.9, rtol=1e-6)


def test_the_mask_depends_on_the_seed_and_on_the_number_of_calls_only():
    inputs = np.ones((20, 30), np.float32)
    first, same, other = StepDropout(0.5, seed=1), StepDropout(0.5, seed=1), StepDropout(0.5, seed=2)
    masks = [first(inputs, training=True).numpy() for _ in range(2)]
    np.testing.assert_array_equal(same(inputs, training=True).numpy(), masks[0])
    assert (masks[0] != masks[1]).any()
    assert (other(inputs, training=True).numpy() != masks[0]).any()
    assert first.calls.numpy() == 2


def test_the_count_of_calls_is_a_weight_so_that_a_resumed_run_goes_on_with_fresh_masks():
    inputs = np.ones((20, 30), np.float32)
    interrupted, resumed = StepDropout(0.5, seed=1), StepDropout(0.5, seed=1)
    interrupted(inputs, training=True)
    resumed.build(inputs.shape)
    resumed.calls.assign(interrupted.calls)
    np.testing.assert_array_equal(
        resumed(inputs, training=True).numpy(), interrupted(inputs, training=True).numpy()
    )


def test_two_replicas_drop_what_one_would():
    inputs = np.ones((8, 30), np.float32)

    def make():
        return StepDropout(0.5, seed=3)

    one, from_one = on_replicas(1, make, inputs)
    two, from_two = on_replicas(2, make, inputs)
    np.testing.assert_array_equal(from_two, from_one)
    assert (from_two[:4] != from_two[4:]).any()
    assert two.calls.numpy() == one.calls.numpy() == 1


@KERAS_READS_WEIGHTS
def test_dropout_survives_saving(tmp_path):
    model = keras.Sequential([keras.Input((4,)), StepDropout(0.25, seed=7)])
    model(np.ones((2, 4), np.float32), training=True)
    model.save(tmp_path / "model.keras")
    layer = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    assert (layer.rate, layer.seed, layer.calls.numpy()) == (0.25, 7, 1)


# Seeds


def test_layer_seeds_are_distinct_and_depend_on_seed_and_network():
    def first(seed: int, network: str) -> list[int]:
        return list(itertools.islice(layer_seeds(seed, network), 20))

    assert first(0, "generator") == first(0, "generator")
    drawn = first(0, "generator") + first(1, "generator") + first(0, "discriminator")
    assert len(set(drawn)) == 60
    assert all(0 <= seed < 2**31 for seed in drawn)


def phase_sums(kernel: np.ndarray) -> np.ndarray:
    return np.stack([kernel[i::2, j::2].sum((0, 1)) for i in (0, 1) for j in (0, 1)])


def test_a_kernel_of_two_becomes_its_mean():
    kernel = np.array([[1.0, 2.0], [3.0, 10.0]]).reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(EvenPhases()(kernel), np.full((2, 2, 1, 1), 4.0))


def test_by_hand_of_three():
    # Phases of 4, 2, 2 and 1 weights, all 0 but the last, which is 9: t = 9 / (1/4 + 1/2 + 1/2 + 1) = 4.
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 9.0
    expected = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_allclose(EvenPhases()(kernel).numpy().squeeze(), expected, rtol=1e-12)


@pytest.mark.parametrize("size", range(2, 8))
def test_it_is_the_nearest_kernel_with_even_phases(size):
    kernel = np.random.default_rng(size).normal(size=(size, size, 3, 2))
    even = EvenPhases()(kernel).numpy()
    sums = phase_sums(even)
    np.testing.assert_allclose(sums, np.broadcast_to(sums[0], sums.shape), atol=1e-12)
    # What was taken away is orthogonal to every even kernel, also to another one.
    other = EvenPhases()(np.random.default_rng(99).normal(size=kernel.shape)).numpy()
    np.testing.assert_allclose(((kernel - even) * other).sum((0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(EvenPhases()(even), even, atol=1e-12)


@pytest.mark.parametrize("size", [4, 5])
def test_a_flat_map_is_doubled_to_a_flat_one_after_an_update(size):
    def roughness(constraint):
        layer = keras.layers.Conv2DTranspose(
            2,
            size,
            strides=2,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.GlorotUniform(seed=0),
            kernel_constraint=constraint,
            dtype="float64",  # in float32, rounding alone may leave some 1e-5
        )
        layer.build((None, 8, 8, 3))
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.build(layer.trainable_variables)
        with tf.GradientTape() as tape:
            noise = tf.random.stateless_normal((2, 8, 8, 3), (0, 1), dtype=tf.float64)
            loss = tf.reduce_sum(layer(noise) ** 2)
        optimizer.apply(tape.gradient(loss, layer.trainable_variables))
        doubled = layer(tf.ones((1, 8, 8, 3), tf.float64)).numpy()
        inside = doubled[:, 4:-4, 4:-4]  # zeros reach in from the border
        return np.ptp(inside, axis=(1, 2)).max() / np.abs(inside).max()

    assert roughness(EvenPhases()) < 1e-12
    assert roughness(None) > 0.1
