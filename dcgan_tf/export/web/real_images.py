"""The few training images that a page holds, to show which of them are nearest to what it draws.

Only images that come with the library are put into a page. Pages are given away, and whoever trains on their
own pictures has not said that everybody may see them.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import BUILT_IN_DATA
from dcgan_tf.errors import DcganError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.runs import Run, RunPaths, check_same_images

MOST, COLUMNS = 384, 24
LARGEST_SIDE = 32
"""Of a thumbnail, in pixels."""
_QUALITY = 80


def real_images(run: Run) -> dict[str, Any] | None:
    """Return training images of a run for `web.write_page`, if everybody may see them.

    Args:
        run: the opened run.

    Returns:
        `jpeg`: a grid of thumbnails, in base64; `count` and `columns` of it; `height` and `width` of each;
        `of`: the number of training images. None for data that do not come with the library, or if the images
        are not those of the run.
    """
    config = run.config.data
    if config.spec not in BUILT_IN_DATA:
        return None
    try:
        images = data.load_data(config)
        check_same_images(RunPaths(run.path), images, conditional=run.config.model.conditional)
    except DcganError:
        return None
    return thumbnails_of(images.images)


def thumbnails_of(images: np.ndarray) -> dict[str, Any]:
    """Return up to 384 of the training images, evenly spaced, as `real_images` does.

    Args:
        images: all of them, uint8 [N, H, W, C].
    """
    chosen = np.asarray(images[evenly_spaced(len(images), MOST)])
    thumbnails = [_thumbnail(image) for image in chosen]
    height, width = thumbnails[0].shape[:2]
    grid = np.zeros((-(-len(thumbnails) // COLUMNS) * height, COLUMNS * width, chosen.shape[3]), np.uint8)
    for place, thumbnail in enumerate(thumbnails):
        row, column = divmod(place, COLUMNS)
        grid[row * height : (row + 1) * height, column * width : (column + 1) * width] = thumbnail
    file = io.BytesIO()
    Image.fromarray(grid.squeeze()).save(file, format="jpeg", quality=_QUALITY, optimize=True, subsampling=0)
    return {
        "jpeg": base64.b64encode(file.getvalue()).decode(),
        "count": len(thumbnails),
        "columns": COLUMNS,
        "height": height,
        "width": width,
        "of": len(images),
    }


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """Return an image of at most 32 pixels a side, uint8 [h, w, C]."""
    height, width, channels = image.shape
    factor = min(1.0, LARGEST_SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    reduced = Image.fromarray(image.squeeze()).resize(size, Image.Resampling.BOX)
    return np.asarray(reduced).reshape(size[1], size[0], channels)
