"""What a quantized graph must look like so that every runtime computes it in INT8, and well.

Each line names the node that breaks a rule. A graph without QuantizeLinear and DequantizeLinear
breaks none. Source: TensorRT's documentation of explicit quantization and its ONNX parser's checks;
NVIDIA's yolo_deepstream, yolov7_qat, for scales that are tied.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from train.quantize.graph_view import DEQUANTIZE, QUANTIZE, GraphView
from train.quantize.groups import always_float, tied_tensors
from train.quantize.scale_table import LEVELS

MIN_OPSET = 13  # the first with one scale a channel
_ACTIVATIONS = {"Clip", "HardSwish", "LeakyRelu", "Mul", "Relu", "Sigmoid", "Tanh"}
_FLOAT16_MAX = float(np.finfo(np.float16).max)


def lint_quantization(proto: onnx.ModelProto) -> list[str]:
    """One line for each node that breaks a rule; none if all is well or nothing is quantized."""
    view = GraphView(proto)
    if not any(node.op_type in {QUANTIZE, DEQUANTIZE} for node in view.nodes):
        return []
    return [
        *_opset(proto),
        *_types_and_zero_points(view),
        *_scales(view),
        *_weights(view),
        *_placement(view),
        *_convolutions(view),
        *_ties(view),
        *_float_parts(proto, view),
    ]


def _opset(proto: onnx.ModelProto) -> Iterator[str]:
    for opset in proto.opset_import:
        if opset.domain in {"", "ai.onnx"} and opset.version < MIN_OPSET:
            yield (
                f"opset {opset.version} has no DequantizeLinear by channel; "
                f"expected {MIN_OPSET} or later"
            )


def _types_and_zero_points(view: GraphView) -> Iterator[str]:
    for node in _quantizers(view):
        told = f"{node.op_type} '{node.name}'"
        zero = view.constants.get(node.input[2]) if len(node.input) > 2 else None
        stored = view.constants.get(node.input[0]) if node.op_type == DEQUANTIZE else None
        kinds = {tensor.data_type for tensor in (zero, stored) if tensor is not None}
        if zero is None and node.op_type == QUANTIZE:
            kinds.add(TensorProto.UINT8)  # what ONNX takes where nothing is said
        for kind in sorted(kinds - {TensorProto.INT8}):
            word = TensorProto.DataType.Name(kind).lower()
            yield f"{told} is {word}, expected int8: TensorRT knows no other"
        if zero is not None and numpy_helper.to_array(zero).any():
            yield f"{told} has a zero point that is not 0; TensorRT wants symmetric ranges"


def _scales(view: GraphView) -> Iterator[str]:
    for node in _quantizers(view):
        scale = _scale(view, node)
        told = f"{node.op_type} '{node.name}'"
        if scale is None:
            yield f"the scale of {told} is no constant"
        elif not (np.isfinite(scale).all() and (scale > 0).all()):
            yield f"{told} has a scale of {scale.min():g}, expected positive numbers"
        elif scale.max() * LEVELS > _FLOAT16_MAX:
            yield (
                f"{told} spans up to {scale.max() * LEVELS:g}; beyond {_FLOAT16_MAX:g} a layer "
                "beside it that computes in float16 overflows"
            )
        if node.op_type == QUANTIZE and scale is not None and scale.size != 1:
            yield f"{told} has {scale.size} scales; an activation has one"


def _weights(view: GraphView) -> Iterator[str]:
    for convolution in view.convolutions:
        node = view.maker(convolution.node.input[1])
        if node is None or node.op_type != DEQUANTIZE:
            continue
        told = f"DequantizeLinear '{node.name}' of the weight of {convolution.name}"
        stored = view.constants.get(node.input[0])
        if stored is None:
            yield f"{told} reads no constant: the file would hold its weight in float"
            continue
        channels, scale = stored.dims[0], _scale(view, node)
        axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
        if scale is not None and scale.shape != (channels,):
            yield f"{told} has {scale.size} scales for {channels} channels"
        elif axis != 0:
            yield f"{told} has axis {axis}, expected 0: the output channels"
        if stored.data_type == TensorProto.INT8 and numpy_helper.to_array(stored).min() < -LEVELS:
            yield f"{told} holds -128; a symmetric weight goes from -{LEVELS} to {LEVELS}"


def _placement(view: GraphView) -> Iterator[str]:
    """Q and DQ in pairs, on inputs of convolutions, and nowhere between one and its activation."""
    outputs = {each.output: each.name for each in view.convolutions}
    for node in _quantizers(view):
        told = f"{node.op_type} '{node.name}'"
        readers = view.readers(node.output[0])
        if node.op_type == QUANTIZE:
            if not readers or any(each.op_type != DEQUANTIZE for each in readers):
                yield f"{told} is not followed by DequantizeLinear alone"
            behind = [*view.readers(node.input[0])]
            behind += [each for pair in readers for each in view.readers(pair.output[0])]
            above = view.maker(node.input[0])
            if above is not None and above.op_type == "Concat":
                yield f"{told} reads Concat '{above.name}'; OpenVINO loses its scale there"
            name = outputs.get(node.input[0])
            if name is not None and any(each.op_type in _ACTIVATIONS for each in behind):
                yield f"{told} is between {name} and its activation; they cannot be fused"
            continue
        maker = view.maker(node.input[0])
        if node.input[0] not in view.constants and (maker is None or maker.op_type != QUANTIZE):
            yield f"{told} reads neither a constant nor a QuantizeLinear"
        elif maker is not None and list(maker.input[1:]) != list(node.input[1:]):
            yield f"{told} has another scale than its QuantizeLinear '{maker.name}'"
        for each in readers:
            if each.op_type != "Conv":
                yield f"{told} feeds {each.op_type} '{each.name}'; only convolutions are quantized"


def _convolutions(view: GraphView) -> Iterator[str]:
    for convolution in view.convolutions:
        node = convolution.node
        halves = [_is_dequantized(view, name) for name in node.input[:2]]
        if halves[0] != halves[1]:
            which, other = ("input", "weight") if halves[0] else ("weight", "input")
            yield (
                f"{convolution.name} ('{node.name}') has a quantized {which} and a float {other}; "
                "it would be computed in float"
            )
        if len(node.input) > 2 and _is_dequantized(view, node.input[2]):
            yield (
                f"{convolution.name} ('{node.name}') has a quantized bias, which TensorRT refuses"
            )


def _ties(view: GraphView) -> Iterator[str]:
    roots = tied_tensors(view)
    scales: dict[str, dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
    for node in view.nodes:
        scale = _scale(view, node) if node.op_type == QUANTIZE else None
        if scale is not None and scale.size == 1:
            root = roots.get(node.input[0], node.input[0])
            scales[root][float(scale.reshape(()))].append(node.name)
    for by_scale in scales.values():
        if len(by_scale) > 1:
            told = ", ".join(f"'{names[0]}' {scale:g}" for scale, names in by_scale.items())
            yield f"scales tied by Concat, MaxPool or Resize differ: {told}"


def _float_parts(proto: onnx.ModelProto, view: GraphView) -> Iterator[str]:
    kept = always_float(proto)
    for name, convolution in view.named().items():
        if name in kept and any(_is_dequantized(view, each) for each in convolution.node.input[:2]):
            reason = kept[name].partition(":")[0]
            yield f"{name} ('{convolution.node.name}') is quantized, and is the {reason}"
    last = [each for each in view.convolutions if kept.get(each.name, "").startswith("detection")]
    decode = view.below(each.output for each in last)
    for node in _quantizers(view):
        if node.input[0] in decode:
            yield f"{node.op_type} '{node.name}' is behind the detection convolutions"


def _quantizers(view: GraphView) -> Iterator[onnx.NodeProto]:
    return (node for node in view.nodes if node.op_type in {QUANTIZE, DEQUANTIZE})


def _scale(view: GraphView, node: onnx.NodeProto) -> NDArray[np.float32] | None:
    tensor = view.constants.get(node.input[1])
    return None if tensor is None else np.asarray(numpy_helper.to_array(tensor), dtype=np.float32)


def _is_dequantized(view: GraphView, tensor: str) -> bool:
    maker = view.maker(tensor)
    return maker is not None and maker.op_type == DEQUANTIZE
