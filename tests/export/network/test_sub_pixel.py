"""A transposed convolution, rewritten: equal to TensorFlow's own, and as cheap as claimed."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.export.network import sub_pixel
from dcgan_tf.export.network.sub_pixel import SubPixelForm, sub_pixel_form

HEIGHT, WIDTH, INPUTS = 4, 6, 3


def computed(form: SubPixelForm, x: np.ndarray) -> np.ndarray:
    phases = []
    for part in form.convolutions:
        padded = np.pad(x, ((0, 0), *part.padding, (0, 0)))
        phases.append(tf.nn.conv2d(padded, part.kernel, 1, "VALID"))
    laid_out = tf.nn.depth_to_space(tf.concat(phases, -1), 2).numpy()
    bottom, right = (side - form.crop for side in laid_out.shape[1:3])
    return laid_out[:, form.crop : bottom, form.crop : right]


def transposed(kernel: np.ndarray, x: np.ndarray) -> np.ndarray:
    outputs = kernel.shape[-1]
    shape = (len(x), 2 * HEIGHT, 2 * WIDTH, outputs)
    return tf.nn.conv2d_transpose(x, kernel.transpose(0, 1, 3, 2), shape, 2, "SAME").numpy()


@pytest.mark.parametrize("make", [sub_pixel._joint, sub_pixel._separate], ids=["joint", "separate"])
@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7])
def test_both_forms_are_the_transposed_convolution(k, make):
    random = np.random.default_rng(k)
    kernel = random.normal(size=(k, k, INPUTS, 5))
    x = random.normal(size=(2, HEIGHT, WIDTH, INPUTS))
    np.testing.assert_allclose(computed(make(kernel), x), transposed(kernel, x), atol=1e-13)


def test_one_pixel_through_a_kernel_of_four_worked_out_by_hand():
    # One input pixel of value 1 reaches the outputs 2i + j - 1: its 2x2 block and one pixel around it,
    # which is the kernel itself, less what falls off the edge.
    kernel = np.arange(16.0).reshape(4, 4, 1, 1)
    image = computed(sub_pixel_form(kernel, (1, 1)), np.ones((1, 1, 1, 1)))
    np.testing.assert_array_equal(image[0, :, :, 0], [[5, 6], [9, 10]])


@pytest.mark.parametrize(("k", "taps"), [(2, 4), (3, 9), (4, 16), (5, 25), (6, 36), (7, 49)])
def test_separate_phases_have_the_weights_of_the_kernel_and_no_more(k, taps):
    form = sub_pixel._separate(np.ones((k, k, 2, 3)))
    assert sum(part.kernel.size for part in form.convolutions) == taps * 2 * 3
    assert form.crop == 0


@pytest.mark.parametrize(("k", "taps", "crop"), [(2, 1, 0), (3, 2, 0), (4, 2, 1), (5, 3, 0), (6, 3, 0)])
def test_the_joint_form_has_the_fewest_taps(k, taps, crop):
    form = sub_pixel._joint(np.ones((k, k, 2, 3)))
    assert form.convolutions[0].kernel.shape == (taps, taps, 2, 12)
    assert form.crop == crop


def test_many_outputs_are_computed_phase_by_phase_and_few_at_once():
    # 4x4 map, 4x4 kernel. 256 outputs, 16 vectors: 4 phases x 4 taps x 16 pixels = 256 a vector, against
    # 4 taps x 4 phases x 25 pixels = 400. 3 outputs: a vector a phase, 16 * 16 = 256, against 4 * 25 = 100.
    assert len(sub_pixel_form(np.ones((4, 4, 1, 256)), (4, 4)).convolutions) == 4
    assert len(sub_pixel_form(np.ones((4, 4, 1, 3)), (4, 4)).convolutions) == 1
