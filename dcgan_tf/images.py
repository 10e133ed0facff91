"""The only place that knows the pixel range: uint8 [0, 255] outside, float [-1, 1] inside the networks."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from dcgan_tf.errors import ArgumentError
from dcgan_tf.files import replacing, storage_errors

SHEET_SIDE = 512
MADE_BY = ("Software", "dcgan_tf")
"""A text in the header of every PNG that this library writes, by which it recognises its own files."""
_OTHER_KINDS = (".jpg", ".jpeg", ".gif", ".webp", ".npz", ".bmp", ".tif", ".tiff")
_NUMBERED = re.compile(r"[0-9]{4,}\.png")
_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini", "icon\r")
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


def to_float(images: Any, dtype: Any = np.float32) -> Any:
    """Map uint8 [0, 255] to floats [-1, 1].

    Args:
        images: uint8 of any shape, NumPy array or TensorFlow tensor.
        dtype: of the result.
    """
    if isinstance(images, np.ndarray):
        return images.astype(dtype) / 127.5 - 1.0
    import tensorflow as tf

    return tf.cast(images, dtype) / 127.5 - 1.0


def to_uint8(images: Any) -> np.ndarray:
    """Map floats in [-1, 1] to uint8, rounding to the nearest level; values outside are clipped.

    Returns:
        uint8 array of the same shape.
    """
    levels = np.rint((np.asarray(images, np.float32) + 1.0) * 127.5)
    pixels: np.ndarray = np.clip(levels, 0, 255).astype(np.uint8)
    return pixels


def luminance(images: np.ndarray) -> np.ndarray:
    """Return images in grey, by the usual weights of image files (ITU-R BT.601).

    Args:
        images: uint8 [N, H, W, 3], RGB.

    Returns:
        uint8 [N, H, W, 1].
    """
    grey: np.ndarray = np.rint(images @ _LUMINANCE)[..., None].astype(np.uint8)
    return grey


def evenly_spaced(total: int, count: int) -> np.ndarray:
    """Return the indices of up to `count` of `total` images, from the first to the last, int64, ascending."""
    return np.linspace(0, total - 1, min(count, total)).astype(np.int64)


def grid(
    images: np.ndarray, *, columns: int | None = None, gap: int = 2, background: int = 255
) -> np.ndarray:
    """Lay images out in rows.

    Args:
        images: uint8 [N, H, W, C], C 1 or 3.
        columns: images per row; by default as square as can be.
        gap: pixels between images and around them.
        background: level of the gaps.

    Returns:
        uint8 [rows * (H + gap) + gap, columns * (W + gap) + gap, C].

    Raises:
        ArgumentError: if there are no images, or their shape is not [N, H, W, C].
    """
    if images.ndim != 4 or len(images) == 0:
        raise ArgumentError(f"a grid needs images of shape [N, H, W, C] with N > 0, received {images.shape}")
    count, height, width, channels = images.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    canvas = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), background, np.uint8
    )
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap) + gap, (i % columns) * (width + gap) + gap
        canvas[top : top + height, left : left + width] = image
    return canvas


def cut(picture: np.ndarray, shape: Sequence[int], *, gap: int = 2) -> np.ndarray:
    """Cut a grid into its images; places that were left empty count as images.

    Args:
        picture: uint8, what `grid` returned.
        shape: (H, W, C) of an image.
        gap: the grid's.

    Returns:
        uint8 [N, H, W, C].

    Raises:
        ArgumentError: if the picture is not a grid of such images.
    """
    height, width, channels = shape
    rows, bottom = divmod(picture.shape[0] - gap, height + gap)
    columns, right = divmod(picture.shape[1] - gap, width + gap)
    if bottom or right or picture.shape[2:] != (channels,) or not rows * columns:
        raise ArgumentError(
            f"expected a grid of {height}x{width}x{channels} images, received {picture.shape}"
        )
    cells = picture[gap:, gap:].reshape(rows, height + gap, columns, width + gap, channels)
    return cells[:, :height, :, :width].swapaxes(1, 2).reshape(-1, height, width, channels)


def enlarge(image: np.ndarray, minimum_side: int) -> np.ndarray:
    """Repeat pixels by a whole factor until the longer side has at least `minimum_side` pixels.

    Args:
        image: uint8 [H, W, C].
        minimum_side: in pixels.
    """
    factor = max(1, math.ceil(minimum_side / max(image.shape[:2])))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def sheet(images: np.ndarray) -> np.ndarray:
    """Lay images out for people: a grid that is enlarged until it is easy to look at.

    Args:
        images: uint8 [N, H, W, C], C 1 or 3.

    Returns:
        uint8 [rows, columns, C], its longer side at least 512 pixels.
    """
    return enlarge(grid(images), SHEET_SIDE)


def class_sheet(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Lay images out for people, one row for each class; shorter rows end in blank cells.

    Args:
        images: uint8 [N, H, W, C], C 1 or 3.
        labels: int64 [N].

    Returns:
        uint8 [rows, columns, C], its longer side at least 512 pixels.
    """
    return enlarge(_class_grid(images, labels), SHEET_SIDE)


def numbered_sheet(images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Lay images out in a grid for people, each with its number below it, counted from 0.

    Args:
        images: uint8 [N, H, W, C], C 1 or 3.
        labels: int64 [N], to lay out one row for each class; without them, images stand in the order of
            numbers.

    Returns:
        uint8 [rows, columns, C].
    """
    cells = np.stack([caption(enlarge(image, 48), str(i), height=16) for i, image in enumerate(images)])
    return grid(cells) if labels is None else _class_grid(cells, labels)


def _class_grid(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    rows = [images[labels == label] for label in np.unique(labels)]
    columns = max(map(len, rows))
    cells = np.full((len(rows), columns, *images.shape[1:]), 255, np.uint8)
    for cell, row in zip(cells, rows, strict=True):
        cell[: len(row)] = row
    return grid(cells.reshape(-1, *images.shape[1:]), columns=columns)


def save(path: str | os.PathLike[str], images: np.ndarray) -> None:
    """Write images in the form that the path asks for.

    Args:
        path: FILE.png for a sheet, FILE.npy for the array itself, otherwise a folder for one PNG each. What
            was written into that folder before is replaced; see `check_target`.
        images: uint8 [N, H, W, C].

    Raises:
        ArgumentError: if the path has another ending, or is a folder with other files.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    check_target(target)
    if suffix == ".png":
        save_png(target, sheet(images))
    elif suffix == ".npy":
        with replacing(target) as scratch, scratch.open("wb") as file:
            _write_array(file, images)
    else:
        _save_into(target, images)


def check_target(path: str | os.PathLike[str]) -> None:
    """Check before images are drawn that `save` may write them to a path.

    Raises:
        ArgumentError: if the path has another ending, is a folder where a file is to be written or the other
            way round, or is a folder with files that `save` did not write.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in _OTHER_KINDS:
        raise ArgumentError(
            f"images are written as FILE.png, FILE.npy or into a folder, received {str(path)!r}"
        )
    if suffix in (".png", ".npy"):
        if target.is_dir():
            raise ArgumentError(f"{target} is a folder; choose the name of a {suffix} file")
    elif target.is_dir():
        _earlier_images(target)
    elif target.exists():
        raise ArgumentError(f"{target} is a file; choose FILE.png, FILE.npy or a folder")


def is_own(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is a PNG that this library wrote."""
    if not Path(path).is_file():  # opening a pipe would wait for ever
        return False
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return image.info.get(MADE_BY[0]) == MADE_BY[1]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _write_array(file: BinaryIO, images: np.ndarray) -> None:
    """Write as `np.save` does, but with an error that says why it failed."""
    about = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(images))
    np.lib.format.write_array_header_1_0(file, about)
    file.write(np.ascontiguousarray(images).data)


def _save_into(folder: Path, images: np.ndarray) -> None:
    """Write one PNG for each image, in place of those that an earlier call wrote."""
    earlier = _earlier_images(folder) if folder.is_dir() else []
    digits = max(4, len(str(len(images) - 1)))
    written = [folder / f"{i:0{digits}d}.png" for i in range(len(images))]
    for path, image in zip(written, images, strict=True):
        save_png(path, image)
    for path in set(earlier) - set(written):
        with storage_errors(path):
            path.unlink()


def _earlier_images(folder: Path) -> list[Path]:
    """Return the files that `save` wrote into a folder.

    Raises:
        ArgumentError: if there is any other file; the message names it.
    """
    with storage_errors(folder):
        found = sorted(path for path in folder.iterdir() if not _belongs_to_the_system(path.name))
    for path in found:
        if not _NUMBERED.fullmatch(path.name) or not is_own(path):
            raise ArgumentError(
                f"{folder} holds {path.name!r}, which is no image that this library wrote; choose an empty "
                "folder, or one that holds only earlier images"
            )
    return found


def _belongs_to_the_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_THE_SYSTEM


def save_png(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Write one uint8 [H, W, 1 or 3] image as a PNG, as a whole or not at all; make its folders."""
    about = PngInfo()
    about.add_text(*MADE_BY)
    with replacing(path) as scratch:
        to_pil(image).save(scratch, format="PNG", pnginfo=about)


def save_gif(
    path: str | os.PathLike[str],
    frames: Sequence[np.ndarray],
    *,
    milliseconds: int = 200,
    hold_last: int = 2000,
) -> None:
    """Write uint8 [H, W, C] frames as an endless GIF.

    Args:
        path: of the file; replaced as a whole.
        frames: at least one, all of one shape.
        milliseconds: each frame stands this long.
        hold_last: the last one stands this long.
    """
    pictures = [to_pil(frame) for frame in frames]
    durations = [milliseconds] * (len(pictures) - 1) + [hold_last]
    with replacing(path) as scratch:
        pictures[0].save(
            scratch, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0
        )


def to_pil(image: np.ndarray) -> Image.Image:
    """Return a PIL image of uint8 [H, W, 1 or 3]."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def caption(image: np.ndarray, text: str, *, height: int = 22) -> np.ndarray:
    """Write a line of text below an image.

    Args:
        image: uint8 [H, W, C].
        text: shortened by the right edge if it is too long.
        height: of the strip that is added, in pixels.

    Returns:
        uint8 [H + height, W, C].
    """
    strip = Image.new("L", (image.shape[1], height), 255)
    font = ImageFont.load_default(size=height * 0.6)
    ImageDraw.Draw(strip).text((4, height // 2), text, fill=40, font=font, anchor="lm")
    return np.concatenate([image, np.repeat(np.asarray(strip)[..., None], image.shape[-1], axis=-1)])
