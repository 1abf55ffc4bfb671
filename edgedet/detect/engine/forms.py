"""What TensorRT is given: the bundle's graph, rewritten for a precision and a generation of it.

The bundle holds one graph: INT8 weights behind DequantizeLinear, or float16 weights behind Cast.
TensorRT wants other forms of the same arithmetic, and they are made here, on the device:

- weights as float32 constants, not behind a Cast;
- no LeakyRelu of slope 1, which the bundle has for OpenVINO's sake;
- up to TensorRT 10, INT8 weights as floats that have a QuantizeLinear and DequantizeLinear of their
  own: "int8 weights without their Q" are refused by TensorRT 8;
- for FP16 without INT8, no quantization at all;
- for strong typing (TensorRT 11), the types themselves: `edgedet.detect.engine.half`.

onnx is imported where it is needed: a device that only runs an engine does without.
"""

from typing import TYPE_CHECKING

import numpy as np

from edgedet.detect.engine.edit import (
    constants_of,
    copy_of,
    dequantized,
    drop_unused,
    read_instead,
)
from edgedet.detect.engine.half import half_typed
from edgedet.errors import ModelError

if TYPE_CHECKING:
    import onnx

DECODE_PREFIX = "decode/"
"""Names of nodes behind the last convolution begin so: they stay in FP32 (FP16 has a step of half a
pixel above 512)."""


def engine_graph(
    proto: "onnx.ModelProto", precision: str, *, strongly_typed: bool
) -> "onnx.ModelProto":
    """The form of a bundle's graph for an engine; the argument stays as it is.

    Args:
        proto: The graph of a bundle.
        precision: `int8`, `fp16` or `fp32`.
        strongly_typed: Whether the types of the graph decide.

    Raises:
        ModelError: If `int8` is asked of a graph that is not quantized.
    """
    graph = type(proto)()
    graph.CopyFrom(proto)
    _fold_weight_casts(graph)
    _drop_idle_activations(graph)
    _name_nodes(graph)
    if precision == "int8":
        if not is_quantized(graph):
            msg = "the bundle's graph is not quantized; make INT8 with `python -m train quantize`"
            raise ModelError(msg)
        return half_typed(graph) if strongly_typed else _with_float_weights(graph)
    _strip_quantization(graph)
    return half_typed(graph) if precision == "fp16" and strongly_typed else graph


def is_quantized(proto: "onnx.ModelProto") -> bool:
    """Whether the graph has quantized activations."""
    return any(node.op_type == "QuantizeLinear" for node in proto.graph.node)


def load_graph(content: bytes) -> "onnx.ModelProto":
    """The graph in a bundle's `model.onnx`.

    Raises:
        ModelError: If onnx is not installed, or the bytes are no graph.
    """
    try:
        import onnx  # noqa: PLC0415 - see the module's docstring
    except ImportError as exc:
        msg = f"building an engine needs onnx ({exc}); `pip install 'edgedet[engine]'`"
        raise ModelError(msg) from exc
    try:
        return onnx.load_model_from_string(content)
    except Exception as exc:  # protobuf's DecodeError has moved between modules
        msg = f"model.onnx is no ONNX graph: {exc}; copy the bundle again"
        raise ModelError(msg) from exc


def _fold_weight_casts(proto: "onnx.ModelProto") -> None:
    """Replace Cast of a constant by the constant of that type."""
    from onnx import helper, numpy_helper  # noqa: PLC0415

    constants = constants_of(proto)
    casts = [
        node for node in proto.graph.node if node.op_type == "Cast" and node.input[0] in constants
    ]
    for node in casts:
        dtype = helper.tensor_dtype_to_np_dtype(node.attribute[0].i)
        value = numpy_helper.to_array(constants[node.input[0]]).astype(dtype)
        proto.graph.initializer.append(numpy_helper.from_array(value, node.output[0]))
        proto.graph.node.remove(node)
    drop_unused(proto)


def _drop_idle_activations(proto: "onnx.ModelProto") -> None:
    replaced: dict[str, str] = {}
    for node in list(proto.graph.node):
        slopes = [each.f for each in node.attribute if each.name == "alpha"]
        if node.op_type == "LeakyRelu" and slopes == [1.0]:
            replaced[node.output[0]] = node.input[0]
            proto.graph.node.remove(node)
    read_instead(proto, replaced)


def _name_nodes(proto: "onnx.ModelProto") -> None:
    """Give every node a name of its own, from which what lies behind the convolutions is told."""
    needed: set[str] = set()
    for position, node in reversed(list(enumerate(proto.graph.node))):
        is_network = node.op_type == "Conv" or bool(needed & set(node.output))
        if is_network:
            needed |= set(node.input)
        prefix = "" if is_network else DECODE_PREFIX
        node.name = f"{prefix}{node.op_type}_{position}"


def _with_float_weights(proto: "onnx.ModelProto") -> "onnx.ModelProto":
    """Give INT8 weights their own QuantizeLinear."""
    from onnx import helper, numpy_helper  # noqa: PLC0415

    constants = constants_of(proto)
    nodes = [copy_of(node) for node in proto.graph.node]
    del proto.graph.node[:]
    for node in nodes:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            name = node.input[0]
            zero = f"{name}.zero"
            scale = numpy_helper.to_array(constants[node.input[1]])
            weight = dequantized(node, constants)
            zeros = np.zeros(scale.shape, np.int8)
            proto.graph.initializer.extend(
                (
                    numpy_helper.from_array(weight, f"{name}.float"),
                    numpy_helper.from_array(zeros, zero),
                )
            )
            quantize = helper.make_node(
                "QuantizeLinear",
                [f"{name}.float", node.input[1], zero],
                [f"{name}.quantized"],
                name=f"{node.name}.quantize",
            )
            quantize.attribute.extend(node.attribute)
            proto.graph.node.append(quantize)
            del node.input[:]
            node.input.extend([f"{name}.quantized", quantize.input[1], zero])
        proto.graph.node.append(node)
    drop_unused(proto)
    return proto


def _strip_quantization(proto: "onnx.ModelProto") -> None:
    """Leave the quantization of activations out; weights become the floats they stand for."""
    from onnx import numpy_helper  # noqa: PLC0415

    constants = constants_of(proto)
    replaced: dict[str, str] = {}
    for node in list(proto.graph.node):
        if node.op_type == "QuantizeLinear":
            replaced[node.output[0]] = node.input[0]
        elif node.op_type == "DequantizeLinear" and node.input[0] in constants:
            weight = dequantized(node, constants)
            proto.graph.initializer.append(numpy_helper.from_array(weight, node.output[0]))
        elif node.op_type == "DequantizeLinear":
            replaced[node.output[0]] = node.input[0]
        else:
            continue
        proto.graph.node.remove(node)
    read_instead(proto, replaced)
    drop_unused(proto)
