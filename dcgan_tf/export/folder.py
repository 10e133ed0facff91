"""The file names in an export folder. This module needs the standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BY_DEFAULT = "saved_models"
"""The default place of exports, below the current folder."""
FORMATS = ("saved_model", "tflite", "web", "keras", "onnx")
PRECISIONS = ("fp32", "fp16", "dynamic", "int8")
"""Precisions of .tflite files: float32; float16 weights; 8-bit weights; 8-bit weights and feature maps.

In the last two, the first of several dense layers stays float32.
"""

WITHOUT_TENSORFLOW = (".tflite", ".onnx")
"""How the names of artefacts end that are one file with its facts, drawn without TensorFlow."""

NAIVE_WAYS = ("TFLiteConverter.from_keras_model", 'model.export(format="litert")')
"""What Keras' users type for a .tflite file; files are timed beside both."""

FACTS_FILE, LABELS_FILE = "dcgan.json", "labels.txt"
"""The names within a .tflite file, which has a zip at its end; an .onnx file has the first as metadata."""


@dataclass(frozen=True)
class ExportPaths:
    """The paths of all files of an export."""

    root: Path

    @property
    def saved_model(self) -> Path:
        """The folder for TensorFlow and TensorFlow Serving."""
        return self.root / "saved_model"

    def tflite(self, precision: str) -> Path:
        """Return the file for LiteRT of one of PRECISIONS."""
        return self.root / f"generator-{precision}.tflite"

    @property
    def web(self) -> Path:
        """The page that draws by itself."""
        return self.root / "web" / "index.html"

    @property
    def keras(self) -> Path:
        """The generator for Keras."""
        return self.root / "model.keras"

    @property
    def onnx(self) -> Path:
        """The file for ONNX Runtime, Windows ML and Unity."""
        return self.root / "generator.onnx"

    @property
    def samples(self) -> Path:
        """The trained generator's images of the fixed latents, in an 8x8 grid."""
        return self.root / "samples.png"

    @property
    def record(self) -> Path:
        """The record of every artefact: size, difference, latency, operators, SHA-256."""
        return self.root / "export.json"

    @property
    def card(self) -> Path:
        """The model card, which shows the record to people."""
        return self.root / "MODEL_CARD.md"

    def artefacts(self, formats: tuple[str, ...], precisions: tuple[str, ...]) -> list[Path]:
        """Return the files and folders that these formats and precisions make, most exact first."""
        files: dict[str, list[Path]] = {
            "saved_model": [self.saved_model],
            "keras": [self.keras],
            "tflite": [self.tflite(precision) for precision in PRECISIONS if precision in precisions],
            "onnx": [self.onnx],
            "web": [self.web],
        }
        return [path for name, paths in files.items() if name in formats for path in paths]


EVERYTHING = frozenset(
    path.relative_to("/").parts[0]
    for paths in [ExportPaths(Path("/"))]
    for path in (*paths.artefacts(FORMATS, PRECISIONS), paths.samples, paths.record, paths.card)
)
"""All names in an export's folder."""
