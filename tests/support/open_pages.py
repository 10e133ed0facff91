"""The exported page in a browser: opening it, reading it, and what TensorFlow draws of the same weights."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from dcgan_tf.export.network.folding import FoldedGenerator
from dcgan_tf.images import to_uint8


def pictures(folded: FoldedGenerator, z: np.ndarray) -> np.ndarray:
    """Evaluate a generator in float32 with TensorFlow's own transposed convolution; uint8 [N, H, W, C].

    z ends in the class, one-hot, if there are classes.
    """
    x = tf.constant(z, tf.float32)
    for layer in folded.dense:
        x = x @ layer.kernel.astype(np.float32) + layer.bias.astype(np.float32)
        x = tf.nn.relu(x) if layer.relu else x
    x = tf.reshape(x, (-1, *folded.first_map))
    for layer in folded.upsamples:
        kernel = layer.kernel.astype(np.float32).transpose(0, 1, 3, 2)
        shape = (len(z), 2 * x.shape[1], 2 * x.shape[2], layer.bias.size)
        x = tf.nn.conv2d_transpose(x, kernel, shape, strides=2, padding="SAME") + layer.bias.astype(
            np.float32
        )
        x = tf.nn.relu(x) if layer.relu else x
    return to_uint8(tf.tanh(x).numpy())


@contextmanager
def watched(tab: Any, file: Path) -> Iterator[None]:
    """Fail if the tab asks for anything else than the file, or complains."""
    troubles = []

    def watch(request: Any) -> None:
        own = request.url.split("#")[0] in (file.as_uri(), "about:blank")
        if not own and not request.url.startswith(("data:", "blob:")):
            troubles.append(f"request: {request.url}")

    listeners = {
        "request": watch,
        "pageerror": lambda error: troubles.append(f"error: {error}"),
        "console": lambda message: troubles.append(f"console: {message.text}"),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    yield
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    assert troubles == []


def opened(tab: Any, file: Path, *, reduced_motion: str = "reduce", address: str = "") -> Any:
    """Return the tab with the page in it, once its program runs."""
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.emulate_media(reduced_motion=reduced_motion)
    tab.goto("about:blank")  # from one part of a page to another, a browser does not load it again
    tab.goto(file.as_uri() + address)
    tab.evaluate("dcgan.ready")
    return tab


def pixels_of(page: Any, canvas: str) -> np.ndarray:
    """Read a canvas, uint8 [H, W, 3]."""
    url = page.eval_on_selector(canvas, "(canvas) => canvas.toDataURL()")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def picture_of(page: Any) -> np.ndarray:
    """Read the large canvas once the frame that is due has been drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return pixels_of(page, "#picture")


def caption_of(page: Any) -> str:
    picture_of(page)
    return str(page.inner_text("#caption"))


def latents(page: Any, count: int) -> np.ndarray:
    """Read the latents of samples 1 to `count`."""
    return np.array(
        page.evaluate("(length) => Array.from({ length }, (_, i) => [...dcgan.latent(i + 1)])", count)
    )


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
