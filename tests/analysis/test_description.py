"""What an analysis refuses from Python before its work: what its command refuses, and a path for a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf import analysis
from dcgan_tf.errors import ArgumentError

NO_RUN = SimpleNamespace()
"""A run that nothing may be asked of."""
REQUIRED = {"arithmetic": {"plus": ["man"]}, "forget": {"attribute": "crown"}}
BY_NAME = {
    found.name: partial(getattr(analysis, found.name), **REQUIRED.get(found.name, {}))
    for found in analysis.analyses()
}
OTHERS = {
    "analogies": analysis.analogies,
    "sample_arithmetic": partial(analysis.sample_arithmetic, plus=[[0]]),
}
EVERY = BY_NAME | OTHERS
OPTIONS = [
    (found.name, option.name, option.minimum)
    for found in analysis.analyses()
    for option in found.options
    if option.minimum is not None
]


@pytest.mark.parametrize("name", EVERY)
def test_a_path_in_place_of_the_opened_run_is_refused(name, tmp_path):
    for path in (tmp_path, str(tmp_path)):
        with pytest.raises(ArgumentError, match=r"expected an opened run, as Run.open\(PATH\) returns"):
            EVERY[name](path)


@pytest.mark.parametrize(
    ("name", "option", "least"),
    [
        *OPTIONS,
        ("analogies", "exemplars", 1),
        ("analogies", "draws", 1),
        *((name, "num_images", 1) for name in EVERY),
        *((name, "seed", 0) for name in EVERY),
    ],
)
def test_a_number_below_the_least_or_not_whole_is_refused_before_the_work(name, option, least):
    """0 draws have no mean, and -1 labels were all but the last."""
    for wrong in (least - 1, -1, least + 0.5, str(least), True):
        with pytest.raises(ArgumentError, match=f"{option}|at least {least}"):
            EVERY[name](NO_RUN, **{option: wrong})


@pytest.mark.parametrize("fine", [{"draws": np.int64(1)}, {"seed": 0}, {"num_images": np.int32(1)}])
def test_whole_numbers_of_numpy_are_taken(fine):
    with pytest.raises(AttributeError):  # the run is asked
        analysis.arithmetic(NO_RUN, plus=["man"], **fine)


@pytest.mark.parametrize("name", ["drop", "layer"])
def test_an_option_may_be_none_if_that_is_its_default(name):
    with pytest.raises(AttributeError):
        analysis.forget(NO_RUN, attribute="crown", **{name: None})


@pytest.mark.parametrize("photos", ["photo.png", Path("photo.png"), None])
def test_one_photograph_is_no_list_of_them(photos):
    """A text would be read letter by letter."""
    with pytest.raises(ArgumentError, match="photos must be a list of files"):
        analysis.project(NO_RUN, photos)


@pytest.mark.parametrize("call", [analysis.walk, analysis.turn, EVERY["sample_arithmetic"]])
@pytest.mark.parametrize(
    ("latents", "said"),
    [
        ("latents.npy", r"latents must be numbers of shape \[N, 4\]"),
        ([[0.0] * 5] * 3, r"latents must have shape \[N, 4\], received \[3, 5\]"),
        ([[np.nan] * 4] * 3, "latents must be finite numbers"),
    ],
)
def test_latents_that_the_run_cannot_draw_are_refused_before_the_work(call, latents, said):
    run = SimpleNamespace(config=SimpleNamespace(model=SimpleNamespace(latent_dim=4)))
    with pytest.raises(ArgumentError, match=said):
        call(run, latents=latents)


def test_a_turn_shows_at_least_one_latent():
    run = SimpleNamespace(config=SimpleNamespace(model=SimpleNamespace(latent_dim=4)))
    with pytest.raises(ArgumentError, match="the number of latents must be a whole number of at least 1"):
        analysis.turn(run, latents=np.zeros((0, 4)))
