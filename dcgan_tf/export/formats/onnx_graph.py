"""Write the folded generator as an ONNX file, for ONNX Runtime, Windows ML, ONNX Runtime Web and Unity.

It has operator set 12, of 2020, the newest that all of them take: Windows ML of Windows 11 takes 7 to 12,
Unity's Sentis 7 to 15, ONNX Runtime all since 7. No later set has an operator that a generator would need.

A transposed convolution stays one operator. ONNX Runtime computes it by a matrix product, so rewriting it as
for LiteRT (`network/sub_pixel.py`) gains little or loses (docs/performance.md). The batch is free: that costs
no time here, and a server draws many images at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dcgan_tf.export.folder import FACTS_FILE
from dcgan_tf.export.formats.onnx_file import digest_of
from dcgan_tf.export.network.folding import Dense, FoldedGenerator, Upsample

OPERATOR_SET, IR_VERSION = 12, 7
"""The version of the operators, and that of the file format, which came with it (ONNX 1.7)."""
BATCH = "n"
"""The name of the free dimension; a runtime that needs fixed shapes sets it by this name."""


def convert(generator: FoldedGenerator, facts: Mapping[str, Any], *, float_output: bool = False) -> bytes:
    """Return the content of an .onnx file.

    It takes z, float32 [n, latent_dim], and label, int32 [n], for a conditional generator, and gives image,
    [n, H, W, C].

    Args:
        generator: the folded generator.
        facts: the content of dcgan.json, which becomes metadata of this name. The SHA-256 of the graph is
            added to find damage.
        float_output: whether image is float32 in [-1, 1] instead of uint8.
    """
    graph = _Graph()
    label = "label" if generator.num_classes else None
    x = _maps(graph, generator, "z", label)
    for layer in generator.upsamples:
        x = _upsampled(graph, layer, x)
    x = graph.add("Tanh", x)
    if not float_output:
        x = _bytes(graph, x)
    graph.add("Transpose", x, name="image", perm=[0, 2, 3, 1])
    inputs = [helper.make_tensor_value_info("z", TensorProto.FLOAT, [BATCH, generator.latent_dim])]
    if label:
        inputs.append(helper.make_tensor_value_info(label, TensorProto.INT32, [BATCH]))
    kind = TensorProto.FLOAT if float_output else TensorProto.UINT8
    outputs = [helper.make_tensor_value_info("image", kind, [BATCH, *generator.image_shape])]
    made = helper.make_graph(graph.nodes, "generator", inputs, outputs, graph.weights)
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPERATOR_SET)],
        ir_version=IR_VERSION,
        producer_name="dcgan_tf",
    )
    helper.set_model_props(model, {FACTS_FILE: json.dumps({**facts, "sha256": digest_of(model)}, indent=2)})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """Operators and weights; an operator is added behind those whose outputs it takes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: object) -> str:
        """Add an operator, and return the name of its output."""
        name = name or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: np.ndarray | float, dtype: type = np.float32) -> str:
        """Add weights, and return their name."""
        name = f"weights_{len(self.weights)}"
        array: np.ndarray = np.ascontiguousarray(values, dtype).reshape(np.shape(values))
        self.weights.append(numpy_helper.from_array(array, name))
        return name


def _maps(graph: _Graph, generator: FoldedGenerator, x: str, label: str | None) -> str:
    """Add the dense layers, to the first maps [n, channels, height, width]; a class chooses a bias."""
    height, width, channels = generator.first_map
    for layer in generator.dense:
        kernel, bias = layer.kernel, layer.bias
        if layer is generator.dense[0]:
            kernel = generator.latent_weights
            bias = bias + generator.class_weights if label else bias
        if layer is generator.dense[-1]:
            kernel, bias = (_channels_first(values, generator.first_map) for values in (kernel, bias))
        added = graph.constant(bias)
        if layer is generator.dense[0] and label:
            added = graph.add("Gather", added, label)
        x = _activated(graph, layer, graph.add("Gemm", x, graph.constant(kernel), added))
    shape = graph.constant(np.array([-1, channels, height, width]), np.int64)
    return graph.add("Reshape", x, shape)


def _channels_first(values: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Order the outputs [..., height * width * channels] as ONNX's maps, which have the channels first."""
    maps = values.reshape(*values.shape[:-1], *shape)
    return np.moveaxis(maps, -1, -3).reshape(values.shape)


def _upsampled(graph: _Graph, layer: Upsample, x: str) -> str:
    """Add a transposed convolution, [n, inputs, H, W] to [n, outputs, 2H, 2W]."""
    cut = len(layer.kernel) - 2
    before, after = cut // 2, cut - cut // 2
    kernel = graph.constant(layer.kernel.transpose(2, 3, 0, 1))
    pads = [before, before, after, after]
    x = graph.add("ConvTranspose", x, kernel, graph.constant(layer.bias), strides=[2, 2], pads=pads)
    return _activated(graph, layer, x)


def _activated(graph: _Graph, layer: Dense | Upsample, x: str) -> str:
    return graph.add("Relu", x) if layer.relu else x


def _bytes(graph: _Graph, x: str) -> str:
    """Round [-1, 1] to the nearest of 256 levels, as `network.graph.to_bytes` does."""
    x = graph.add("Mul", graph.add("Add", x, graph.constant(1.0)), graph.constant(127.5))
    return graph.add("Cast", graph.add("Add", x, graph.constant(0.5)), to=TensorProto.UINT8)
