"""The first lines of a model card, which the Hugging Face Hub reads: YAML between two lines of dashes.

Reference: the Hub's documentation of model cards, "Model card metadata".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dcgan_tf.export.evaluated import model_index

_AT_THE_HUB = {
    "mnist": "ylecun/mnist",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
    "cifar100": "uoft-cs/cifar100",
    "svhn_cropped": "ufldl-stanford/svhn",
}
"""{a dataset of TensorFlow Datasets: the same images on the Hub}."""
_TAGS = {
    "saved_model": "tensorflow",
    "model.keras": "keras",
    "generator-dynamic.tflite": "litert",
    "generator-fp32.tflite": "litert",
    "generator-fp16.tflite": "litert",
    "generator-int8.tflite": "litert",
    "generator.onnx": "onnx",
    "web/index.html": "webassembly",
}


def front_matter(record: Mapping[str, Any]) -> str:
    """Return the front matter of MODEL_CARD.md, with the dashes around it.

    It names no licence: that of a trained generator is for whoever trained it to give. It names the dataset
    only if that is on the Hub.

    Args:
        record: the content of export.json.
    """
    model = record["model"]
    tags = ["gan", *(["dcgan"] if model["architecture"] == "dcgan" else []), "image-generation"]
    tags += [_TAGS[name] for name in record["artefacts"] if name in _TAGS]
    tags += ["class-conditional"] if model.get("class_names") else []
    entries = {
        "library_name": "dcgan_tf",
        "pipeline_tag": "unconditional-image-generation",
        "tags": list(dict.fromkeys(tags)),
        "datasets": _datasets(record),
        "model-index": model_index(record),
    }
    lines = [f"{key}: {_yaml(value)}" for key, value in entries.items() if value]
    return "\n".join(["---", *lines, "---", ""])


def _yaml(value: object) -> str:
    """Return a value as JSON that is YAML too: without a dot, 5e-05 would be a text of YAML 1.1."""
    token = r'"(?:[^"\\]|\\.)*"|(?<![\d.])(\d+)(e[-+]\d+)'
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(token, lambda found: f"{found[1]}.0{found[2]}" if found[1] else found[0], text)


def _datasets(record: Mapping[str, Any]) -> list[str]:
    """Return the name on the Hub of the training images, or nothing if they are not known to be there."""
    name, source = record["model"]["data"], record.get("images_from")
    if source == "hf":
        return ["/".join(name.split("/")[:2])]
    return [_AT_THE_HUB[name]] if source == "tfds" and name in _AT_THE_HUB else []
