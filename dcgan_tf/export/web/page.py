"""Write a generator as one HTML file: a latent explorer that needs neither server nor internet.

The page holds the weights as int8 with a scale for each output channel, a quarter of their size. The loss is
at most half of 1/127 of the largest weight of a channel. The weights of the classes stay float32: they are
few, and they can be much larger than those of the latent, which would lose precision by a common scale. The
page computes in float32 WebAssembly (`assets/kernel.c`). A content security policy forbids the page to load
anything, and to run other scripts, whatever the facts about the run contain.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.export.network.folding import Dense, FoldedGenerator, Upsample
from dcgan_tf.export.web.page_file import FORMAT, MOST_BYTES
from dcgan_tf.files import write_text

LARGEST = 127

_PARTS = Path(__file__).parent / "assets"
_SCRIPTS = (
    *("generator.js", "latents.js", "state.js", "history.js", "exemplars.js", "captions.js", "drawing.js"),
    *("samples.js", "classes.js", "sliders.js", "gif.js", "download.js", "listening.js", "facts.js"),
    *("neighbours.js", "explorer.js", "start.js"),
)
_STYLES = ("style.css", "changes.css", "print.css")
_FACTS = ("name", "data", "step", "latent_dim", "latent_distribution")


def write_page(
    path: Path,
    folded: FoldedGenerator,
    facts: Mapping[str, Any],
    *,
    first_samples: Mapping[str, Any] | None = None,
    adjustments: Mapping[str, Any] | None = None,
    real_images: Mapping[str, Any] | None = None,
) -> None:
    """Write the page of a generator.

    The same arguments make the same bytes. The page holds a JSON object (`format`, `latent_dim`,
    `latent_distribution`, `num_classes`, `first_map`, `image_shape`, `layers`, each with `shape` and `relu`,
    `facts`, and what else is given) and, gzipped in base64, the weights: for every layer in turn float32
    scales [outputs] and float32 biases [outputs]; then float32 weights of the classes [num_classes, outputs
    of the first layer]; then for every layer in turn the int8 kernel in C order. All numbers are
    little-endian. A weight is its int8, from -127 to 127, times the scale of its output. The first layer's
    inputs are the latent and, behind it, the one-hot class, if there are classes; its int8 kernel has the
    latent's rows alone.

    Args:
        path: the HTML file; its folder must exist.
        folded: the generator, with finite weights.
        facts: `name` (of the model), `data` (what it was trained on), `step`, `latent_dim`,
            `latent_distribution` ("normal" or "uniform") and, if it is known, `num_images` (of the data) are
            shown, as text; so are the `class_names` of a conditional generator. Other facts are in the JSON
            object only.
        first_samples: `numbers` of the samples that the page shows first, and `of`, the number of candidates;
            by default the page begins with sample 1.
        adjustments: its sliders and switches, from `page_adjustments.page_adjustments`; by default none.
        real_images: training images to compare with, from `real_images.real_images`; by default none.

    Raises:
        ArgumentError: if a fact is missing or does not fit the generator, or the generator is too large.
        StorageError: if the file cannot be written.
    """
    _check(folded, facts)
    first = replace(folded.dense[0], kernel=folded.latent_weights)
    layers: list[Dense | Upsample] = [first, *folded.dense[1:], *folded.upsamples]
    model = {
        "format": FORMAT,
        "latent_dim": folded.latent_dim,
        "latent_distribution": facts["latent_distribution"],
        "num_classes": folded.num_classes,
        "first_map": folded.first_map,
        "image_shape": folded.image_shape,
        "layers": [{"shape": layer.kernel.shape, "relu": layer.relu} for layer in layers],
        "facts": dict(facts),
        **({"first_samples": dict(first_samples)} if first_samples else {}),
        **(adjustments or {}),
        **({"real_images": dict(real_images)} if real_images else {}),
    }
    write_text(path, page_of(model, _packed(_weights(layers, folded.class_weights))))


def page_of(model: Mapping[str, Any], weights: str) -> str:
    """Return the page around a network.

    Args:
        model: the JSON object.
        weights: the weights, gzipped, in base64.
    """
    script, style = _joined(_SCRIPTS), _joined(_STYLES)
    contents = {
        "policy": f"default-src 'none'; img-src data: blob:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}' 'wasm-unsafe-eval'",
        "sources": sources_digest(),
        "name": html.escape(str(model["facts"]["name"])),
        "style": style,
        # "<" could close the script element or open a comment in it; JSON needs it only inside strings.
        "model": json.dumps(model, default=str).replace("<", "\\u003c"),
        "kernel": _packed((_PARTS / "kernel.wasm").read_bytes()),
        "weights": weights,
        "script": script,
    }
    # In one pass, so that nothing is looked for in what was filled in.
    return re.sub(r"{{(\w+)}}", lambda match: contents[match[1]], _part("index.html"))


def sources_digest() -> str:
    """Return the SHA-256 of all parts of a page but its network; each page contains it."""
    parts = [FORMAT, *map(_part, ("index.html", *_STYLES, *_SCRIPTS))]
    kernel = (_PARTS / "kernel.wasm").read_bytes()
    return hashlib.sha256("\0".join(parts).encode() + kernel).hexdigest()


def _check(folded: FoldedGenerator, facts: Mapping[str, Any]) -> None:
    missing = [name for name in _FACTS if name not in facts]
    if missing:
        raise ArgumentError(
            f"a page needs the facts {', '.join(_FACTS)}; received none called {', '.join(missing)}"
        )
    if facts["latent_distribution"] not in ("normal", "uniform"):
        raise ArgumentError(
            f"latent_distribution must be normal or uniform, received {facts['latent_distribution']!r}"
        )
    if facts["latent_dim"] != folded.latent_dim:
        raise ArgumentError(
            f"the generator's latent_dim is {folded.latent_dim}, received {facts['latent_dim']!r}"
        )
    if len(facts.get("class_names", ())) != folded.num_classes:
        raise ArgumentError(
            f"class_names must name the generator's {folded.num_classes} classes, received "
            f"{facts.get('class_names', [])!r}"
        )
    layers: list[Dense | Upsample] = [*folded.dense, *folded.upsamples]
    size = sum(layer.kernel.size + 8 * layer.bias.size for layer in layers) + 3 * folded.class_weights.size
    if size > MOST_BYTES:
        raise ArgumentError(
            f"a page can hold {MOST_BYTES:,} bytes of weights, and this generator has {size:,}; "
            "leave the page out"
        )


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(map(_part, names))


def _digest(text: str) -> str:
    """Return the hash that allows an inline script or style in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def _weights(layers: list[Dense | Upsample], class_weights: np.ndarray) -> bytes:
    floats, kernels = [], []
    for layer in layers:
        levels, scales = _quantized(layer.kernel)
        floats += [scales.astype("<f4").tobytes(), layer.bias.astype("<f4").tobytes()]
        kernels.append(levels.tobytes())
    return b"".join([*floats, class_weights.astype("<f4").tobytes(), *kernels])


def _quantized(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round to int8 [..., outputs] and float32 scales [outputs]; the error is half a scale at most."""
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    scales = (largest / LARGEST).astype(np.float32)
    scales[scales == 0] = 1.0
    levels = np.rint(kernel / scales).clip(-LARGEST, LARGEST).astype(np.int8)
    return levels, scales
