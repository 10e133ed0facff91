"""Makes a folder of every odd and every bad kind of image file, and knows what each must give.

The good ones are 16x16 or as said, of one colour unless said otherwise, so that the expected pixel is known.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

_MAX_SAMPLE_VALUE, _SAMPLE_FORMAT = 281, 339  # of TIFF

RED = (200, 40, 20)
GREY_OF_RED = 86  # 0.299 * 200 + 0.587 * 40 + 0.114 * 20 = 85.56
WHITE = (255, 255, 255)

# The colour at the centre of each good file, once prepared as RGB. JPEG and WebP may be 3 off.
GOOD: dict[str, tuple[int, int, int]] = {
    "1x1.png": RED,
    "animated.gif": RED,
    "animated.webp": RED,
    "bmp.bmp": RED,
    "cmyk.jpg": RED,
    "CAPITALS.JPG": RED,
    "damaged-exif.jpg": RED,
    "float-255.tiff": (130, 130, 130),
    "float-1.tif": (128, 128, 128),
    "grey.jpg": (86, 86, 86),
    "grey.png": (86, 86, 86),
    "grey-16-bit.png": (130, 130, 130),
    "grey-alpha-half.png": (171, 171, 171),  # (86 * 128 + 255 * 127) / 255 = 170.2, grey 86 seen through
    "int-32.tiff": (130, 130, 130),
    "one-bit.png": WHITE,
    "palette.png": RED,
    "palette-transparent.png": WHITE,
    "plain.jpeg": RED,
    "plain.png": RED,
    "png-called.jpg": RED,
    "progressive.jpg": RED,
    "rgb-16-bit.png": RED,
    "rgba-clear.png": WHITE,
    "rgba-solid.png": RED,
    "rotated-by-exif.jpg": RED,  # 16 wide, 32 high once upright: red above, blue below
    "tiff.tiff": RED,
    "webp.webp": RED,
    "wide-2000x8.png": RED,
}

# The same of files with more than 8 bits that do not use all of these. Each on its own: in one folder, they
# would share their white.
DEEP: dict[str, tuple[int, int, int]] = {
    "rgb-12-of-16-bit.png": RED,
    "rgb-12-of-16-bit.tiff": RED,
    "rgb-10-of-16-bit.png": RED,
    "rgb-8-of-16-bit.png": RED,
    "rgba-12-of-16-bit.png": RED,
    "float-overshoot.tiff": (128, 128, 128),
    "float-hdr.tiff": (64, 64, 64),
    "float-4095.tiff": (128, 128, 128),
    "grey-8-of-16-bit.png": (130, 130, 130),
    "grey-10-of-16-bit.png": (130, 130, 130),
    "grey-12-of-16-bit.png": (130, 130, 130),
    "grey-12-of-16-bit.tiff": (130, 130, 130),
    "grey-dark-of-12-bit.tiff": (4, 4, 4),
    "grey-packed-12-bit.tiff": (130, 130, 130),
    "int-32-all-bits.tiff": (130, 130, 130),
    "int-16-signed.tiff": (130, 130, 130),
}

BAD_DEEP: dict[str, str] = {
    "float-infinite.tiff": "values from 0 to inf, expected numbers from 0 on",
    "int-negative.tiff": "values from -500 to 1000, expected numbers from 0 on",
}

BAD: dict[str, str] = {
    "bad-checksum.png": "damaged: broken data stream",
    "bomb-20000x20000.png": "20000x20000 pixels in a file of 99 bytes: a decompression bomb",
    "bomb-9000x9000.png": "9000x9000 pixels in a file of 99 bytes: a decompression bomb",
    "broken-link.jpg": "missing (a broken link?)",
    "empty.jpg": "empty file",
    "float-nan.tiff": "values from nan to nan, expected numbers from 0 on",
    "folder.jpg": "a folder, not a file",
    "html.png": "not an image",
    "postscript.jpg": "not an image",
    "text.jpg": "not an image",
    "truncated-by-10.jpg": "truncated",
    "truncated-half.jpg": "truncated",
    "truncated-half.png": "truncated",
}


def write_odd_images(folder: Path) -> None:
    """Write every file of `GOOD` and `BAD` into an existing folder, and a few that must be passed over."""
    _write_common(folder)
    _write_transparent(folder)
    _write_deep(folder)
    _write_turned_and_animated(folder)
    _write_bad(folder)
    _write_bombs(folder)
    (folder / ".hidden.png").write_bytes(encoded("PNG"))
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / "small.png").write_bytes(encoded("PNG"))
    (folder / "notes.txt").write_text("not called like an image")


def write_deep_images(folder: Path) -> None:
    """Write every file of `DEEP` and `BAD_DEEP` into an existing folder."""
    for bits in (8, 10, 12):
        row = b"\0" + struct.pack(">3H", *[2**bits - 1] * 3)
        row += struct.pack(">3H", *(value << (bits - 8) for value in RED)) * 15
        (folder / f"rgb-{bits}-of-16-bit.png").write_bytes(png(16, 16, 16, 2, row * 16))
    row = b"\0" + struct.pack(">4H", *[4095] * 3, 65535)
    row += struct.pack(">4H", *(value << 4 for value in RED), 65535) * 15
    (folder / "rgba-12-of-16-bit.png").write_bytes(png(16, 16, 16, 6, row * 16))
    pixels = struct.pack("<3H", *[4095] * 3) + struct.pack("<3H", *(value << 4 for value in RED)) * 255
    (folder / "rgb-12-of-16-bit.tiff").write_bytes(tiff(pixels, 16, 1, channels=3))
    Image.fromarray(with_corner(0, np.inf, np.float32)).save(folder / "float-infinite.tiff")
    Image.fromarray(with_corner(0.5, 1.05, np.float32)).save(folder / "float-overshoot.tiff")
    Image.fromarray(with_corner(2.5, 10, np.float32)).save(folder / "float-hdr.tiff")
    Image.fromarray(with_corner(2055, 4000, np.float32)).save(folder / "float-4095.tiff")
    for bits in (8, 10, 12):
        part = with_corner(130 << (bits - 8), 2**bits - 1, np.uint16)
        Image.fromarray(part).save(folder / f"grey-{bits}-of-16-bit.png")
    Image.fromarray(part).save(folder / "grey-12-of-16-bit.tiff")
    dark = Image.fromarray(np.full((16, 16), 70, np.uint16))
    dark.save(folder / "grey-dark-of-12-bit.tiff", tiffinfo={_MAX_SAMPLE_VALUE: 4095})
    (folder / "grey-packed-12-bit.tiff").write_bytes(packed_12_bit_tiff(130 << 4))
    whole = with_corner(130 << 24, 2**32 - 1, np.uint32).tobytes()
    (folder / "int-32-all-bits.tiff").write_bytes(tiff(whole, 32, 1))
    (folder / "int-16-signed.tiff").write_bytes(tiff(struct.pack("<256h", *[130 << 4] * 256), 16, 2))
    Image.fromarray(with_corner(1000, -500, np.int32)).save(folder / "int-negative.tiff")


def solid(colour: object = RED, *, mode: str = "RGB", size: tuple[int, int] = (16, 16)) -> Image.Image:
    """Return an image of one colour; `size` is (width, height)."""
    return Image.new(mode, size, colour)  # type: ignore[arg-type]


def noise(*, size: tuple[int, int] = (64, 64), seed: int = 0) -> Image.Image:
    """Return an image that does not compress, so that its file can be cut in the middle of the pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    """Return the bytes of an image file."""
    buffer = io.BytesIO()
    (image or solid()).save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def png(width: int, height: int, bit_depth: int, colour_type: int, rows: bytes) -> bytes:
    """Return a PNG put together by hand; `rows` are the raw rows, each with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, bit_depth, colour_type, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _write_common(folder: Path) -> None:
    solid().save(folder / "plain.png")
    solid().save(folder / "plain.jpeg")
    solid().save(folder / "progressive.jpg", progressive=True)
    solid(GREY_OF_RED, mode="L").save(folder / "grey.jpg")
    solid(GREY_OF_RED, mode="L").save(folder / "grey.png")
    solid(1, mode="1").save(folder / "one-bit.png")
    solid().quantize(4).save(folder / "palette.png")
    solid().save(folder / "bmp.bmp")
    solid().save(folder / "tiff.tiff")
    solid().save(folder / "webp.webp", lossless=True)
    solid(size=(1, 1)).save(folder / "1x1.png")
    solid(size=(2000, 8)).save(folder / "wide-2000x8.png")
    # Ink is 255 minus light, without black.
    solid((55, 215, 235, 0), mode="CMYK").save(folder / "cmyk.jpg")
    (folder / "png-called.jpg").write_bytes(encoded("PNG"))
    (folder / "CAPITALS.JPG").write_bytes(encoded("JPEG"))


def _write_transparent(folder: Path) -> None:
    solid((*RED, 255), mode="RGBA").save(folder / "rgba-solid.png")
    solid((*RED, 0), mode="RGBA").save(folder / "rgba-clear.png")
    solid((GREY_OF_RED, 128), mode="LA").save(folder / "grey-alpha-half.png")
    solid().quantize(4).save(folder / "palette-transparent.png", transparency=0)


def _write_deep(folder: Path) -> None:
    grey = np.full((16, 16), 130 * 256 + 77)
    Image.fromarray(grey.astype(np.uint16)).save(folder / "grey-16-bit.png")
    Image.fromarray(grey.astype(np.int32)).save(folder / "int-32.tiff")
    row = b"\0" + struct.pack(">3H", *(value * 256 + 99 for value in RED)) * 16
    (folder / "rgb-16-bit.png").write_bytes(png(16, 16, 16, 2, row * 16))
    Image.fromarray(np.full((16, 16), 0.5, np.float32)).save(folder / "float-1.tif")
    Image.fromarray(np.full((16, 16), 130.0, np.float32)).save(folder / "float-255.tiff")
    Image.fromarray(np.full((16, 16), np.nan, np.float32)).save(folder / "float-nan.tiff")


def with_corner(value: float, corner: float, dtype: type) -> np.ndarray:
    """Return [16, 16] of one value, with another in a corner."""
    pixels = np.full((16, 16), value, dtype)
    pixels[0, 0] = corner
    return pixels


def packed_12_bit_tiff(value: int) -> bytes:
    """Return a TIFF of 16x16 whose values take a byte and a half."""
    pair = (value << 12 | value).to_bytes(3, "big")
    return tiff(pair * 128, 12, 1)


def tiff(pixels: bytes, bits: int, sample_format: int, *, channels: int = 1) -> bytes:
    """Return a TIFF of 16x16 put together by hand, as Pillow does not write it."""
    tags = {256: 16, 257: 16, 259: 1, 262: 1 if channels == 1 else 2, 273: 8, 277: channels, 278: 16}
    tags |= {279: len(pixels), _SAMPLE_FORMAT: sample_format}
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()}
    entries[258] = struct.pack("<HHII", 258, 4, 1, bits)
    if channels == 3:  # three shorts do not fit into the entry, and stand behind the pixels
        entries[258] = struct.pack("<HHII", 258, 3, 3, 8 + len(pixels))
        pixels += struct.pack("<4H", bits, bits, bits, 0)
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + directory


def _write_turned_and_animated(folder: Path) -> None:
    # Stored 32 wide: blue left, red right. Orientation 8 turns it to the left: red comes to the top.
    stored = solid((20, 40, 200), size=(32, 16))
    stored.paste(RED, (14, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 8
    stored.save(folder / "rotated-by-exif.jpg", exif=exif, quality=95, subsampling=0)
    (folder / "damaged-exif.jpg").write_bytes(encoded("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"))
    second = solid((20, 40, 200))
    solid().save(folder / "animated.gif", save_all=True, append_images=[second])
    solid().save(folder / "animated.webp", save_all=True, append_images=[second], lossless=True)


def _write_bad(folder: Path) -> None:
    jpeg, whole = encoded("JPEG", noise()), encoded("PNG", noise())
    (folder / "truncated-half.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "truncated-by-10.jpg").write_bytes(jpeg[:-10])
    (folder / "truncated-half.png").write_bytes(whole[: len(whole) // 2])
    checksum = whole.index(b"IEND") - 9  # the last byte of the compressed pixels' own
    (folder / "bad-checksum.png").write_bytes(
        whole[:checksum] + bytes([whole[checksum] ^ 1]) + whole[checksum + 1 :]
    )
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("this is not a picture\n" * 20)
    (folder / "html.png").write_text("<!doctype html><title>404 Not Found</title>")
    (folder / "postscript.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    (folder / "broken-link.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "folder.jpg").mkdir()


def _write_bombs(folder: Path) -> None:
    row = b"\0" + bytes(20000)
    (folder / "bomb-20000x20000.png").write_bytes(png(20000, 20000, 8, 0, row))
    (folder / "bomb-9000x9000.png").write_bytes(png(9000, 9000, 8, 0, row))
