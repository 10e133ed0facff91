"""The page's own arithmetic on latents, run in Node, against the library's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.export.web import page as web
from dcgan_tf.export.web.first_samples import page_latents
from dcgan_tf.latents import between, typical_norm, with_typical_norm

NUMBERS = [1, 2, 3, 24, 1000]
SHARES = [0, 0.13, 0.5, 1]


@pytest.fixture
def javascript(tmp_path: Path) -> Callable[[str, Any], Any]:
    """Return a function that computes an expression with the functions of latents.js; `given` is in reach."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the PATH")

    def run(expression: str, given: Any) -> Any:
        script = tmp_path / "script.mjs"
        script.write_text(
            (Path(web.__file__).parent / "assets" / "latents.js").read_text()
            + f"const given = {json.dumps(given)};\n"
            + "const floats = (z) => Float32Array.from(z);\n"
            + "const plain = (_, value) => (value instanceof Float32Array ? [...value] : value);\n"
            + f"console.log(JSON.stringify({expression}, plain));\n"
        )
        done = subprocess.run([node, script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def model_of(distribution: str, latent_dim: int = 100) -> ModelConfig:
    return ModelConfig(latent_dim=latent_dim, latent_distribution=distribution)


def as_json(model: ModelConfig) -> dict[str, Any]:
    return {"latent_dim": model.latent_dim, "latent_distribution": model.latent_distribution}


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("latent_dim", [1, 7, 100])
def test_samples_have_the_latents_of_the_page(javascript, distribution, latent_dim):
    model = model_of(distribution, latent_dim)
    drawn = javascript(
        "given.numbers.map((n) => sampleLatent(n, given.model))",
        {"numbers": NUMBERS, "model": as_json(model)},
    )
    found = page_latents(NUMBERS, latent_dim, distribution=distribution)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, drawn, atol=1e-6)


def ends() -> list[np.ndarray]:
    """Return pairs of latents, [2, 100]: ordinary, of unlike lengths, parallel, opposite, without length."""
    ordinary = page_latents([1, 2], 100, distribution="normal")
    rare = page_latents([3, 4], 100, distribution="uniform")
    z = ordinary[0]
    pairs = [ordinary, rare, ordinary * [[1], [3]], [z, 2 * z], [z, -z], [z, 0 * z]]
    return [np.float32(pair) for pair in pairs]


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_the_page_walks_the_way_of_the_library(javascript, distribution):
    model, pairs = model_of(distribution), ends()
    walked = javascript(
        "given.pairs.map(([a, b]) => given.shares.map((t) => pathOf(given.model)(floats(a), floats(b), t)))",
        {"pairs": [pair.tolist() for pair in pairs], "shares": SHARES, "model": as_json(model)},
    )
    expected = [[between(a, b, share, model) for share in SHARES] for a, b in pairs]
    np.testing.assert_allclose(walked, expected, atol=1e-5)


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_the_page_adds_and_subtracts_as_the_library_does(javascript, distribution):
    """The sum is brought back to the length of ordinary latents: 10 of normal ones, 5.77 of uniform ones."""
    model = model_of(distribution)
    terms = page_latents(range(1, 61), 100, distribution=distribution).reshape(3, 20, 100)
    a, b, c = terms
    sums = javascript(
        "given.a.map((a, i) => arithmetic(floats(a), floats(given.b[i]), floats(given.c[i]), given.model))",
        {"a": a.tolist(), "b": b.tolist(), "c": c.tolist(), "model": as_json(model)},
    )
    np.testing.assert_allclose(sums, with_typical_norm(a - b + c, model), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(sums, axis=1), typical_norm(model), rtol=1e-5)
    assert typical_norm(model) == pytest.approx({"normal": 10.0, "uniform": 5.7735}[distribution], abs=1e-4)
    zero = javascript("arithmetic(floats([1, 2]), floats([2, 4]), floats([1, 2]), given)", {"latent_dim": 2})
    assert zero == [0, 0]
