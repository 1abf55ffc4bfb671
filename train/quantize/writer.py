"""The INT8 form of a graph: explicit QuantizeLinear and DequantizeLinear at convolutions only.

The one writer, for calibrated scales and for those that training found. Weights become INT8
constants behind DequantizeLinear, symmetric, with one scale for each output channel; the input of a
quantized convolution goes through QuantizeLinear and DequantizeLinear with one scale. Biases and
everything else stay as they are: ONNX Runtime, OpenVINO and TensorRT 8.6 to 11 take this and fuse a
convolution with its activation. `onnxruntime.quantization` writes biases in INT32 and zero points,
which TensorRT refuses.

Between a Concat and its QuantizeLinear stands a LeakyRelu of slope 1, which changes nothing.
Without it OpenVINO moves the rounding to the branches and forgets its scale (2026.4: the 50 best
scores of PETS09 pictures came out 0.26 off; with it 0.025, on a processor that saturates besides,
see `edgedet.detect.openvino_int8`). Our backends but ONNX Runtime take it out when they load.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgedet.errors import ModelError
from train.export.lint import IR_VERSION, lint_graph
from train.quantize.graph_view import DEQUANTIZE, QUANTIZE, Convolution, GraphView, is_quantized
from train.quantize.groups import scale_groups
from train.quantize.scale_table import LEVELS, ScaleTable


def quantize_graph(fp32: onnx.ModelProto, table: ScaleTable) -> onnx.ModelProto:
    """A copy of `fp32` in which the convolutions of `table` are quantized.

    Args:
        fp32: A graph as `train.export.onnx.export_onnx` writes it.
        table: Scales of the inputs of convolutions; must name each convolution on one side.

    Raises:
        ModelError: If table and graph do not belong together, or a runtime would refuse the result.
    """
    _check(fp32, table)
    proto = onnx.ModelProto()
    proto.CopyFrom(fp32)
    view = GraphView(fp32)
    chosen = [each for each in view.convolutions if each.name in table.inputs]
    constants: list[onnx.TensorProto] = []
    weights: list[onnx.NodeProto] = []
    for convolution in chosen:
        tensors, node = _weight(convolution, view.float_weight(convolution))
        constants += tensors
        weights.append(node)
    sources = {each.source: table.inputs[each.name] for each in chosen}
    constants += [tensor for source in sources for tensor in _step(source, sources[source])]
    nodes = _with_inputs_quantized(view, {each.node.output[0] for each in chosen})
    replaced = {output for node in weights for output in node.output}
    kept = [node for node in nodes if not replaced & set(node.output)]
    del proto.graph.node[:]
    proto.graph.node.extend(weights + kept)
    _replace_constants(proto, constants)
    proto.ir_version = IR_VERSION
    onnx.checker.check_model(proto, full_check=True)
    problems = lint_graph(proto)
    if problems:
        msg = f"the quantized graph would be refused by a runtime: {'; '.join(problems)}"
        raise ModelError(msg)
    return proto


def quantize_weight(
    weight: NDArray[np.float32],
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """INT8 weight (out, in, h, w) and scale (out,): weight ≈ INT8 x scale, zero point 0.

    A channel's largest value becomes 127; a channel of zeros gets the scale 1.

    >>> quantize_weight(np.array([[[[0.5]], [[-1.27]]], [[[0]], [[0]]]], dtype=np.float32))[0]
    array([[[[  50]],
    <BLANKLINE>
            [[-127]]],
    <BLANKLINE>
    <BLANKLINE>
           [[[   0]],
    <BLANKLINE>
            [[   0]]]], dtype=int8)
    """
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    scale = np.where(largest > 0, largest / LEVELS, 1.0).astype(np.float32)
    # a largest weight near the smallest float32 would round to a scale of 0
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    steps = np.rint(weight / scale.reshape(-1, *[1] * (weight.ndim - 1)))
    return np.clip(steps, -LEVELS, LEVELS).astype(np.int8), scale


def _check(fp32: onnx.ModelProto, table: ScaleTable) -> None:
    if is_quantized(fp32):
        msg = "the graph is quantized already; quantize the float graph of the checkpoint"
        raise ModelError(msg)
    names = {each.name for each in GraphView(fp32).convolutions}
    listed = set(table.inputs) | set(table.left_in_float)
    if names != listed:
        missing, foreign = sorted(names - listed), sorted(listed - names)
        told = f"it lacks {missing[0]}" if missing else f"the graph has no {foreign[0]}"
        msg = (
            f"the scale table belongs to another network: {told} "
            f"({len(missing)} missing, {len(foreign)} unknown); calibrate this one"
        )
        raise ModelError(msg)
    for names_of_group in scale_groups(fp32):
        scales = {table.inputs[name] for name in names_of_group if name in table.inputs}
        if len(scales) > 1:
            msg = (
                f"the scale table has {len(scales)} scales for {', '.join(names_of_group)}, which "
                "Concat, MaxPool or Resize tie; they need the same one"
            )
            raise ModelError(msg)


def _weight(
    convolution: Convolution, weight: NDArray[np.float32]
) -> tuple[list[onnx.TensorProto], onnx.NodeProto]:
    name = str(convolution.node.input[1])
    steps, scale = quantize_weight(weight)
    tensors = [
        numpy_helper.from_array(steps, f"{name}.int8"),
        numpy_helper.from_array(scale, f"{name}.scale"),
        numpy_helper.from_array(np.zeros(len(scale), dtype=np.int8), f"{name}.zero_point"),
    ]
    inputs = [tensor.name for tensor in tensors]
    return tensors, helper.make_node(DEQUANTIZE, inputs, [name], name=f"{name}.dequantize", axis=0)


def _step(source: str, scale: float) -> list[onnx.TensorProto]:
    return [
        helper.make_tensor(f"{source}.scale", TensorProto.FLOAT, [], [scale]),
        helper.make_tensor(f"{source}.zero_point", TensorProto.INT8, [], [0]),
    ]


def _with_inputs_quantized(view: GraphView, chosen: set[str]) -> list[onnx.NodeProto]:
    """The nodes, a Q/DQ pair before the first convolution in `chosen` (outputs) of each source."""
    nodes: list[onnx.NodeProto] = []
    done: set[str] = set()
    for original in view.nodes:
        if original.op_type == "Conv" and original.output[0] in chosen:
            node = onnx.NodeProto()
            node.CopyFrom(original)
            source = str(node.input[0])
            if source not in done:
                done.add(source)
                nodes += _pair(source, behind_concat=_is_joined(view, source))
            node.input[0] = f"{source}.dequantized"
            nodes.append(node)
        else:
            nodes.append(original)
    return nodes


def _pair(source: str, *, behind_concat: bool) -> list[onnx.NodeProto]:
    step = [f"{source}.scale", f"{source}.zero_point"]
    whole, back = f"{source}.quantized", f"{source}.dequantized"
    nodes: list[onnx.NodeProto] = []
    taken = source
    if behind_concat:
        taken = f"{source}.joined"
        nodes.append(helper.make_node("LeakyRelu", [source], [taken], name=taken, alpha=1.0))
    return [
        *nodes,
        helper.make_node(QUANTIZE, [taken, *step], [whole], name=f"{source}.quantize"),
        helper.make_node(DEQUANTIZE, [whole, *step], [back], name=f"{source}.dequantize"),
    ]


def _is_joined(view: GraphView, source: str) -> bool:
    maker = view.maker(source)
    return maker is not None and maker.op_type == "Concat"


def _replace_constants(proto: onnx.ModelProto, more: list[onnx.TensorProto]) -> None:
    """Add constants, and drop those that nothing reads any more."""
    read = {name for node in proto.graph.node for name in node.input}
    kept = [tensor for tensor in [*proto.graph.initializer, *more] if tensor.name in read]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)
