"""docs/how-it-works.md: what its figures compute, its pictures and its code; and its sister docs/paper.md."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.latents import lerp, slerp
from dcgan_tf.training.objective import losses

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
DOCS = ROOT / "docs"
FIGURES = DOCS / "how-it-works"
PAGE = (DOCS / "how-it-works.md").read_text()
PAGES = {"how-it-works.md": PAGE, "paper.md": (DOCS / "paper.md").read_text()}
CODE_AND_OUTPUT = re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", "".join(PAGES.values()), re.DOTALL)

FIGURE_BYTES, ALL_FIGURES_BYTES = 150_000, 1_000_000


def part(name: str):
    return importlib.import_module(f"how_it_works.{name}")


# Transposed convolutions


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("size", [(2, 2), (3, 5)])
def test_stamps_add_up_to_what_keras_computes(k, size):
    random = np.random.default_rng(k)
    inputs, kernel = random.normal(size=size), random.normal(size=(k, k))
    transposed = part("transposed")
    added = transposed.same(transposed.stamps(inputs, kernel).sum(axis=(0, 1)), k)
    assert added.shape == (2 * size[0], 2 * size[1])
    np.testing.assert_allclose(added, transposed.by_keras(inputs, kernel), atol=1e-5)


def test_two_stamps_worked_out_by_hand():
    # 1·[1 2 3] at column 0 and 10·[1 2 3] at column 2: 1, 2, 3 + 10, 20, 30.
    kernel = np.array([[0, 0, 0], [1, 2, 3], [0, 0, 0]])
    canvases = part("transposed").stamps(np.array([[1, 10]]), kernel)
    assert canvases.shape == (1, 2, 3, 5)
    np.testing.assert_array_equal(canvases.sum(axis=(0, 1))[1], [1, 2, 13, 20, 30])


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_the_weights_of_a_phase_reach_the_pixels_of_that_phase_and_no_others(k):
    transposed = part("transposed")
    phases = transposed.kernel_phases(k)
    for row in (0, 1):
        for column in (0, 1):
            kernel = np.where((phases == (row, column)).all(axis=-1), 1.0, 0.0)
            reached = transposed.by_keras(np.ones((4, 4)), kernel) > 0
            expected = np.zeros((8, 8), bool)
            expected[row::2, column::2] = True
            assert not (reached & ~expected).any()
            assert reached[2:6, 2:6].sum() == expected[2:6, 2:6].sum()


@pytest.mark.parametrize(("k", "inside"), [(2, {1}), (3, {1, 2, 4}), (4, {4}), (5, {4, 6, 9})])
def test_only_kernels_that_the_stride_divides_meet_evenly(k, inside):
    assert set(part("transposed").stamps_per_pixel(k)[2:6, 2:6].ravel()) == inside


def test_an_untrained_generator_has_a_checkerboard_only_with_odd_kernels():
    def unevenness(k):
        """How much the four phases differ in their mean, in the middle of the picture."""
        spread = part("transposed").spread_of_untrained(k, seed=0, num=64)[8:24, 8:24]
        phases = [spread[row::2, column::2].mean() for row in (0, 1) for column in (0, 1)]
        return np.ptp(phases) / np.mean(phases)

    # A sum's spread grows with the root of its terms. 3x3: 1, 2, 2 or 4 weights reach a pixel: 1, 1.41, 1.41,
    # 2, so (2 - 1) / 1.46. 5x5: 4, 6, 6 or 9, so (3 - 2) / 2.47. 4x4: four everywhere.
    assert unevenness(3) == pytest.approx(0.69, abs=0.15)
    assert unevenness(5) == pytest.approx(0.40, abs=0.12)
    assert unevenness(4) < 0.1


# Losses


@pytest.mark.parametrize(
    ("name", "logit", "value", "slope"),
    [
        # sigmoid(log 3) = 3/4: -log(3/4) and -(1 - 3/4); log(1/4) and -3/4.
        ("non_saturating", np.log(3), -np.log(0.75), -0.25),
        ("minimax", np.log(3), np.log(0.25), -0.75),
        ("non_saturating", 0.0, np.log(2), -0.5),
        ("minimax", 0.0, -np.log(2), -0.5),
    ],
)
def test_the_drawn_losses_at_points_worked_out_by_hand(name, logit, value, slope):
    values, slopes = part("loss_curves").values_and_gradients(
        getattr(losses, f"{name}_loss"), np.array([logit, -logit])
    )
    assert values[0] == pytest.approx(value, rel=1e-5)
    assert slopes[0] == pytest.approx(slope, rel=1e-5)


def test_probabilities_lose_what_logits_keep():
    curves, logits = part("loss_curves"), np.array([2.0, 20.0])
    for loss in (losses.discriminator_fake_loss, curves.from_probability, curves.from_clipped_probability):
        values, slopes = curves.values_and_gradients(loss, logits)
        assert values[0] == pytest.approx(2.126928, rel=1e-4)  # log(1 + e²)
        assert slopes[0] == pytest.approx(0.880797, rel=1e-4)  # sigmoid(2)
    values, slopes = curves.values_and_gradients(losses.discriminator_fake_loss, logits)
    assert (values[1], slopes[1]) == pytest.approx((20, 1))
    assert np.isinf(curves.values_and_gradients(curves.from_probability, logits)[0][1])
    assert curves.values_and_gradients(curves.from_clipped_probability, logits)[1][1] == 0
    assert 16 < curves.last_finite(curves.from_probability, np.linspace(8, 24, 161)) < 17


# The other figures


def test_lengths_along_both_ways():
    start, end = np.array([[3.0, 0.0]], np.float32), np.array([[0.0, 3.0]], np.float32)
    fractions = np.array([0.0, 0.5, 1.0])
    lengths = part("great_circles").lengths_along
    np.testing.assert_allclose(lengths(slerp, start, end, fractions)[:, 0], 3, rtol=1e-6)
    np.testing.assert_allclose(lengths(lerp, start, end, fractions)[:, 0], [3, 3 / 2**0.5, 3], rtol=1e-6)


def test_stages_have_the_shapes_and_the_words_of_their_layers(tiny_config):
    from dcgan_tf import models

    stages = part("feature_maps").stages
    generator, discriminator = (
        models.build_generator(tiny_config()),
        models.build_discriminator(tiny_config()),
    )
    assert [stage.shape for stage in stages(generator)] == ["4×4×4", "8×8×2", "16×16×1"]
    assert [stage.shape for stage in stages(discriminator)] == ["8×8×2", "4×4×4", "1"]
    assert stages(generator)[1].what == "transposed conv 4×4, stride 2\nbatch norm\nReLU"
    assert stages(discriminator)[-1].what == "convolution 4×4\nsigmoid"


def test_batch_norm_keeps_the_signal_that_small_weights_lose(tiny_config):
    from dcgan_tf import models

    normalisation = part("normalisation")
    generator = models.build_generator(tiny_config(filters=8))
    z = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    kept = normalisation.spreads(generator, z)
    lost = normalisation.spreads(normalisation.without_normalisation(generator), z)
    assert 0.4 < kept[0] < 0.8  # ReLU of N(0, 1): sqrt(1/2 - 1/2π) = 0.58
    assert 0.4 < kept[1] < 0.8
    assert lost[-1] < lost[1] < lost[0] < 0.1
    before, after = normalisation.channels_around(generator, z)
    np.testing.assert_allclose(after.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(after.std(axis=0), 1, atol=0.2)  # gamma is from N(1, 0.02), epsilon counts
    assert before.std() < 0.1


def test_changes_are_measured_in_levels():
    pair = np.zeros((2, 1, 2, 2, 1), np.uint8)
    pair[1, 0, 0, 0, 0] = 200
    averaging = part("averaging")
    assert averaging.change(pair) == 50
    assert averaging.difference(pair).max() == 255


def test_gradients_become_pictures_of_their_length():
    gradients = np.zeros((1, 10, 10, 3))
    gradients[0, 0, 0] = (3, 4, 0)
    gradients[0, 5:] = (0, 0, -5)
    picture = part("game").change_pictures(gradients)
    assert picture.shape == (1, 10, 10, 1)
    assert picture[0, 0, 0] == picture[0, 9, 9] == 255
    assert picture[0, 1, 1] == 0


def test_the_samples_of_a_run_are_cut_out_of_its_grids(trained):
    from dcgan_tf.runs.run import Run

    curves = part("curves")
    steps = curves.sample_steps(trained, 3)
    assert steps[-1] == 50
    np.testing.assert_array_equal(curves.samples_at(trained, 50, 5), Run.open(trained).sample(5, seed=0))


@pytest.fixture(scope="module")
def drawn(trained, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("figures")
    script = importlib.import_module("draw_how_it_works")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "DPI", 25)  # nobody looks at them
        done = CliRunner().invoke(script.main, [str(trained), "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out


def test_every_figure_is_drawn_from_any_run(drawn):
    assert {path.name for path in drawn.iterdir()} == {
        path.name for path in (DOCS / "how-it-works").iterdir()
    }


def test_the_figures_are_the_page_s_and_small():
    files = list((DOCS / "how-it-works").iterdir())
    assert {f"how-it-works/{file.name}" for file in files} == set(
        re.findall(r"\]\((how-it-works/[^)]+)\)", PAGE)
    )
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) < FIGURE_BYTES
    assert sum(sizes) < ALL_FIGURES_BYTES


# The pages


@pytest.mark.parametrize(("code", "output"), CODE_AND_OUTPUT, ids=lambda text: text.split("\n")[0] or "none")
def test_the_code_runs_and_prints_what_stands_below_it(code, output):
    printed = io.StringIO()
    names: dict = {}
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    assert printed.getvalue() == output
    if "d_loss" in names:  # D has not learned yet, and pays log 2 for each half; then it has, and G pays more
        assert float(names["d_loss"]) == pytest.approx(2 * np.log(2), abs=0.2)
        assert np.log(2) < float(names["g_loss"]) < 5
