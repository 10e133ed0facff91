"""The bounds of an export: how far each artefact may draw from the trained generator."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass

from dcgan_tf.export.checks.difference import Difference


@dataclass(frozen=True)
class Bound:
    """The largest difference that an artefact may have; see the figures of `Difference`."""

    max_abs: float = math.inf
    psnr_mean: float = -math.inf
    psnr_worst: float = -math.inf

    def broken_by(self, found: Difference) -> list[str]:
        """Return a sentence for each figure that is out of bounds."""
        broken = []
        if not found.max_abs <= self.max_abs:
            broken.append(f"largest difference {found.max_abs:.2g}, at most {self.max_abs:.2g} allowed")
        if not found.psnr_mean >= self.psnr_mean:
            broken.append(f"PSNR {found.psnr_mean:.1f} dB, at least {self.psnr_mean:g} expected")
        if not found.psnr_worst >= self.psnr_worst:
            broken.append(
                f"PSNR of the worst image {found.psnr_worst:.1f} dB, at least {self.psnr_worst:g} expected"
            )
        return broken


_ARM = platform.machine().lower() in ("aarch64", "arm64")
"""Whether LiteRT may compute in float16 here; emulated, that brings 63 dB for portraits of 64x64 pixels."""
_EXACT, _EIGHT_BIT = Bound(max_abs=1e-5), Bound(psnr_mean=45, psnr_worst=35)
BOUNDS = {
    "saved_model": _EXACT,
    "model.keras": _EXACT,
    "index.html": _EIGHT_BIT,
    "generator-fp32.tflite": _EXACT,
    "generator.onnx": _EXACT,
    "generator-fp16.tflite": Bound(psnr_mean=50 if _ARM else 60, psnr_worst=50 if _ARM else 60),
    "generator-dynamic.tflite": _EIGHT_BIT,
    "generator-int8.tflite": Bound(psnr_mean=40, psnr_worst=30),
}
"""The largest allowed difference of each artefact from the trained generator, by file name."""
