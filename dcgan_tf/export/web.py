"""A generator as one HTML file: a latent explorer that runs the network itself, without server or internet.

The page holds the weights as int8 with a scale per output channel, a quarter of their size: what is lost is
at most half of 1/127 of the largest weight of a channel. The weights of the classes stay float32: they are
few, and they can be much larger than those of the latent, which would lose by a scale in common. It computes
in float32 WebAssembly (page/kernel.c).
A content security policy forbids it to load anything, and to run any script but its own, whatever the facts
about the run contain.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.export.folding import Dense, FoldedGenerator, Upsample

FORMAT = "dcgan_tf page 2"
EARLIER_FORMAT = "dcgan_tf page 1"
"""It is read too; it has the classes among the first layer's int8 weights."""
LARGEST = 127

_PARTS = Path(__file__).parent / "page"
_SCRIPTS = ("generator.js", "latents.js", "samples.js", "classes.js", "explorer.js")
_FACTS = ("name", "data", "step", "latent_dim", "latent_distribution")


def write_page(
    path: Path,
    folded: FoldedGenerator,
    facts: Mapping[str, Any],
    *,
    first_samples: Mapping[str, Any] | None = None,
) -> None:
    """Write the page.

    The same arguments make the same bytes. The page holds a JSON object (`format`, `latent_dim`,
    `latent_distribution`, `num_classes`, `first_map`, `image_shape`, `layers`, each with `shape` and `relu`,
    and `facts`) and, gzipped in base64, the weights: for every layer in turn float32 scales [outputs] and
    float32 biases [outputs]; then float32 weights of the classes [num_classes, outputs of the first layer];
    then for every layer in turn the int8 kernel in C order. All numbers are little-endian. A weight is its
    int8, from -127 to 127, times the scale of its output. The first layer's inputs are the latent and, behind
    it, the one-hot class, if there are classes; its int8 kernel has the latent's rows alone.

    Args:
        path: of the HTML file; its folder must exist.
        folded: the generator, its weights finite.
        facts: `name` (of the model), `data` (what it was trained on), `step`, `latent_dim`,
            `latent_distribution` ("normal" or "uniform") and, if it is known, `num_images` (of the data) are
            shown, as text; so are the `class_names` of a conditional generator. What else there is stands in
            the JSON object only.
        first_samples: `numbers` of the samples that the page shows first, and `of` how many they were chosen;
            by default it begins with sample 1.

    Raises:
        ArgumentError: if a fact is missing or does not fit the generator.
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
    }
    script, style = _script(), _part("style.css")
    contents = {
        "policy": f"default-src 'none'; img-src data: blob:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}' 'wasm-unsafe-eval'",
        "name": html.escape(str(facts["name"])),
        "style": style,
        # "<" could close the script element or open a comment in it; JSON needs it only inside strings.
        "model": json.dumps(model, default=str).replace("<", "\\u003c"),
        "kernel": _packed((_PARTS / "kernel.wasm").read_bytes()),
        "weights": _packed(_weights(layers, folded.class_weights)),
        "script": script,
    }
    # In one pass, so that nothing is looked for in what was filled in.
    page = re.sub(r"{{(\w+)}}", lambda match: contents[match[1]], _part("index.html"))
    path.write_text(page, encoding="utf-8", newline="\n")


def read_page(path: Path) -> FoldedGenerator:
    """Read the generator back from a page, with the very weights that the page computes with.

    Args:
        path: of an HTML file that `write_page` wrote.

    Returns:
        The generator; its float64 arrays hold float32 values.

    Raises:
        ArgumentError: if the file is not such a page.
    """
    page = path.read_text(encoding="utf-8", errors="replace")
    try:
        model = json.loads(_element(page, "model"))
        if model["format"] not in (FORMAT, EARLIER_FORMAT):
            raise ArgumentError(f"its format is {model['format']!r}")
        float_classes = 0 if model["format"] == EARLIER_FORMAT else int(model["num_classes"])
        weights = gzip.decompress(base64.b64decode(_element(page, "weights")))
        layers = _layers(model["layers"], float_classes, weights)
        dense = tuple(layer for layer in layers if isinstance(layer, Dense))
        height, width, channels = model["first_map"]
        num_classes = len(dense[0].kernel) - int(model["latent_dim"])
    except (ValueError, LookupError, TypeError, OSError, EOFError, zlib.error) as error:
        raise ArgumentError(
            f"expected a page that dcgan_tf exported, format {FORMAT!r} or {EARLIER_FORMAT!r}, received "
            f"{path}: {error}"
        ) from error
    upsamples = tuple(layer for layer in layers if isinstance(layer, Upsample))
    return FoldedGenerator(dense, (height, width, channels), upsamples, num_classes)


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


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _script() -> str:
    return "\n".join(_part(name) for name in _SCRIPTS)


def _digest(text: str) -> str:
    """Return the hash by which a content security policy allows an inline script or style."""
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
    """Round to int8 [..., outputs] and float32 scales [outputs], whose product is within half a scale."""
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    scales = (largest / LARGEST).astype(np.float32)
    scales[scales == 0] = 1.0
    levels = np.rint(kernel / scales).clip(-LARGEST, LARGEST).astype(np.int8)
    return levels, scales


def _element(page: str, name: str) -> str:
    match = re.search(rf'<script type="application/\w+" id="{name}">(.*?)</script>', page, re.DOTALL)
    if match is None:
        raise ArgumentError(f"it has no {name}")
    return match[1]


def _layers(declared: list[dict[str, Any]], float_classes: int, data: bytes) -> list[Dense | Upsample]:
    """Return the layers; the float32 weights of so many classes are put behind those of the latent."""
    shapes = [tuple(layer["shape"]) for layer in declared]
    outputs = [shape[-1] for shape in shapes]
    sizes = [*np.repeat(outputs, 2), float_classes * outputs[0]]
    floats = np.frombuffer(data, "<f4", count=sum(sizes))
    levels = np.frombuffer(data, np.int8, offset=floats.nbytes)
    *scales_and_biases, class_weights = np.split(floats, np.cumsum(sizes)[:-1])
    kernels = np.split(levels, np.cumsum([np.prod(shape) for shape in shapes])[:-1])
    layers: list[Dense | Upsample] = []
    for i, shape in enumerate(shapes):
        kernel = (kernels[i].reshape(shape) * scales_and_biases[2 * i]).astype(np.float64)
        kind = Dense if len(shape) == 2 else Upsample
        layers.append(
            kind(kernel, scales_and_biases[2 * i + 1].astype(np.float64), bool(declared[i]["relu"]))
        )
    rows = class_weights.reshape(float_classes, outputs[0]).astype(np.float64)
    return [replace(layers[0], kernel=np.concatenate([layers[0].kernel, rows])), *layers[1:]]
