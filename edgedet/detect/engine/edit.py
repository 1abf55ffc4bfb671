"""Small moves on ONNX graphs that the forms share."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx


def constants_of(proto: "onnx.ModelProto") -> "dict[str, onnx.TensorProto]":
    """The initializers by name."""
    return {tensor.name: tensor for tensor in proto.graph.initializer}


def copy_of(node: "onnx.NodeProto") -> "onnx.NodeProto":
    """A node of its own, which outlives the list that `node` is in."""
    copy = type(node)()
    copy.CopyFrom(node)
    return copy


def weight_axis(node: "onnx.NodeProto") -> int:
    """The axis along which a QuantizeLinear or DequantizeLinear has its scales."""
    return next((each.i for each in node.attribute if each.name == "axis"), 1)


def dequantized(
    node: "onnx.NodeProto", constants: "dict[str, onnx.TensorProto]"
) -> NDArray[np.float32]:
    """The floats that a DequantizeLinear makes of a constant, its zero point being 0."""
    from onnx import numpy_helper  # noqa: PLC0415 - see edgedet.detect.engine.forms

    weight = numpy_helper.to_array(constants[node.input[0]]).astype(np.float32)
    scale = numpy_helper.to_array(constants[node.input[1]]).astype(np.float32)
    shape = [1] * weight.ndim
    if scale.ndim:
        shape[weight_axis(node)] = -1
    return np.asarray(weight * scale.reshape(shape), dtype=np.float32)


def read_instead(proto: "onnx.ModelProto", replaced: dict[str, str]) -> None:
    """Let nodes read the values of `replaced` instead of its keys, also where they form chains."""
    for node in proto.graph.node:
        for position, name in enumerate(node.input):
            while name in replaced:
                name = replaced[name]  # noqa: PLW2901
            node.input[position] = name


def drop_unused(proto: "onnx.ModelProto") -> None:
    """Remove constants that no node reads, and of two of one name the first."""
    used = {name for node in proto.graph.node for name in node.input}
    kept = {tensor.name: tensor for tensor in proto.graph.initializer if tensor.name in used}
    tensors = list(kept.values())
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(tensors)
