"""Paths: their steps, jumps, cross-fades and hops, on generators whose answers are worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.analysis.walk import paths
from dcgan_tf.analysis.walk.measured_paths import FADE, LATENT, NEAREST_REAL, STEPS, PathMeasurer
from dcgan_tf.config import ModelConfig

UNIFORM = ModelConfig(latent_dim=3, latent_distribution="uniform")
NORMAL = ModelConfig(latent_dim=3)


def test_a_linear_generator_never_jumps():
    starts, ends = np.random.default_rng(0).uniform(-1, 1, (2, 5, 3)).astype(np.float32)
    images = paths.latent_paths(starts, ends, 12, UNIFORM) @ np.random.default_rng(1).normal(size=(3, 7))
    lengths = paths.step_lengths(images)
    assert lengths.shape == (5, 12)
    np.testing.assert_allclose(
        lengths.sum(1), np.linalg.norm(images[:, -1] - images[:, 0], axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(paths.jump_ratio(lengths), 1.0, atol=1e-4)


def test_a_staircase_jumps_by_as_many_mean_steps_as_a_stair_has_steps():
    heights = np.floor(np.arange(13, dtype=np.float32) / 4)  # 0 0 0 0 1 1 1 1 2 2 2 2 3
    lengths = paths.step_lengths(heights[None, :, None])
    np.testing.assert_array_equal(lengths[0], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
    np.testing.assert_allclose(paths.jump_ratio(lengths), [4.0])


def test_one_single_jump_has_the_greatest_ratio_and_standing_still_the_least():
    lengths = np.array([[0, 5, 0, 0], [0, 0, 0, 0], [2, 2, 2, 2]], np.float32)
    np.testing.assert_array_equal(paths.jump_ratio(lengths), [4, 1, 1])


def test_a_step_is_as_long_as_the_straight_line_over_all_features():
    path = np.zeros((1, 2, 2, 1, 2), np.uint8)
    path[0, 1, :, 0, 0] = 3, 4
    np.testing.assert_array_equal(paths.step_lengths(path), [[5.0]])
    np.testing.assert_array_equal(paths.step_lengths(path[:, ::-1]), [[5.0]])  # uint8 does not wrap around


@pytest.mark.parametrize("model", [NORMAL, UNIFORM])
def test_a_closed_walk_comes_back_to_where_it_began(model):
    points = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    walked = paths.closed_walk(points, 6, model)
    assert walked.shape == (4, 7, 3)
    np.testing.assert_allclose(walked[:, 0], points, atol=1e-6)
    np.testing.assert_allclose(walked[:, -1], points[[1, 2, 3, 0]], atol=1e-6)


def test_a_cross_fade_is_the_rounded_weighted_sum():
    start, end = np.full((1, 1, 1, 1), 10, np.uint8), np.full((1, 1, 1, 1), 200, np.uint8)
    faded = paths.cross_fades(start, end, 4)
    assert faded.dtype == np.uint8
    np.testing.assert_array_equal(faded.ravel(), [10, 58, 105, 152, 200])


def test_hops_stand_on_the_nearest_real_image():
    features = np.array([[[0.0], [0.4], [0.6], [2.0]]], np.float32)
    np.testing.assert_array_equal(
        paths.nearest_real_images(features, np.array([[2.1], [1.0], [0.0]])), [[2, 2, 1, 0]]
    )


# The survey of a dot that moves from side to side

SIDE = 25


def dots(latents: np.ndarray) -> np.ndarray:
    """Paint a white pixel on black, at a column that is linear in z[0]; uint8 [N, 1, 25, 1]."""
    columns = np.clip(np.rint((latents[:, 0] + 1) / 2 * (SIDE - 1)), 0, SIDE - 1).astype(int)
    return (255 * np.eye(SIDE, dtype=np.uint8)[columns])[:, None, :, None]


def where(images: np.ndarray) -> np.ndarray:
    """Return the mean column of the light, float32 [N, 1]."""
    light = images.reshape(len(images), -1).astype(np.float32)
    return (light @ np.arange(SIDE, dtype=np.float32) / light.sum(axis=1))[:, None]


def measurer() -> PathMeasurer:
    """Return one for whom pictures are realistic that have a pixel of at least level 200."""
    run = SimpleNamespace(generate=dots, config=SimpleNamespace(model=UNIFORM))
    samples = SimpleNamespace(
        subject=SimpleNamespace(run=run),
        judge=lambda images: images,
        realistic=lambda images: images.max(axis=(1, 2, 3)) >= 200,
    )
    real = dots(np.array([[-1.0], [0.0], [1.0]]))
    return PathMeasurer(samples, "columns", where, real, where(real))  # type: ignore[arg-type]


def test_a_moving_dot_beside_its_cross_fade_and_its_hops():
    start, end = np.array([[-1.0, 0, 0]], np.float32), np.array([[1.0, 0, 0]], np.float32)
    found = measurer().measure(start, end)
    assert STEPS == 12
    np.testing.assert_allclose(found[LATENT].lengths, np.full((1, 12), 2.0), rtol=1e-5)
    assert found[LATENT].jump_ratio == pytest.approx(1.0)
    assert found[LATENT].share_realistic == 1.0
    # Of a cross-fade the brighter pixel has at least level 200 up to the fraction 0.216: of 1/12 to 11/12
    # the first two, and the last two.
    assert found[FADE].share_realistic == pytest.approx(4 / 11)
    # 24 columns in two jumps of 12, over twelve steps.
    assert found[NEAREST_REAL].jump_ratio == pytest.approx(6.0)
    np.testing.assert_array_equal(np.unique(found[NEAREST_REAL].lengths), [0.0, 12.0])


def test_the_survey_of_many_pairs_is_that_of_each():
    latents = np.random.default_rng(0).uniform(-1, 1, (140, 3)).astype(np.float32)  # 70 pairs: three blocks
    many, one = measurer().measure_many(latents), measurer().measure(latents[130:131], latents[131:132])
    for name in (LATENT, FADE, NEAREST_REAL):
        assert many[name].lengths.shape == (70, STEPS)
        assert many[name].realistic.shape == (70, STEPS + 1)
        np.testing.assert_array_equal(many[name].lengths[65], one[name].lengths[0])
