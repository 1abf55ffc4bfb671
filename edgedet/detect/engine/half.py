"""The form for strong typing: convolutions in FP16, with or without INT8, the decode in FP32.

TensorRT 11 takes the types of the graph as they are, so FP16 must be written into it: weights,
biases, scales and all that lies before the last convolutions. Behind them everything is FP32.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgedet.detect.engine.edit import constants_of, copy_of, dequantized, drop_unused, weight_axis

if TYPE_CHECKING:
    import onnx

_OPSET, _IR_VERSION = 19, 9  # the first whose QuantizeLinear has scales of FP16
_SMALLEST = float(np.finfo(np.float16).tiny)  # below it, a scale would lose its digits
_INT8 = 127
# from opset 18 on, the axes of these are an input
_AXES_MOVED = {"ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd"}


def half_typed(proto: "onnx.ModelProto") -> "onnx.ModelProto":
    """Turn everything up to the last convolutions into FP16, in place, and give it back."""
    network = _network_nodes(proto)
    _round_weight_scales(proto)
    names = _HalfConstants(proto)
    made: set[str] = set()
    for node in network:
        _to_half(node, names)
        made |= set(node.output)
    _cast_back(proto, made)
    _to_opset_19(proto)
    del proto.graph.value_info[:]
    drop_unused(proto)
    return proto


def _network_nodes(proto: "onnx.ModelProto") -> "list[onnx.NodeProto]":
    """Convolutions, and all that they depend on."""
    needed: set[str] = set()
    found = []
    for node in reversed(proto.graph.node):
        if node.op_type == "Conv" or needed & set(node.output):
            needed |= set(node.input)
            found.append(node)
    return found[::-1]


def _round_weight_scales(proto: "onnx.ModelProto") -> None:
    """Make the scales of INT8 weights such as FP16 holds well, and the weights fit them again."""
    from onnx import numpy_helper  # noqa: PLC0415 - see edgedet.detect.engine.forms

    constants = constants_of(proto)
    for node in proto.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in constants:
            continue
        scale = numpy_helper.to_array(constants[node.input[1]])
        if float(scale.min()) >= _SMALLEST:
            continue
        weight = dequantized(node, constants)
        wider = np.maximum(scale, np.float32(_SMALLEST))
        shape = [1] * weight.ndim
        if wider.ndim:
            shape[weight_axis(node)] = -1
        fitted = np.clip(np.rint(weight / wider.reshape(shape)), -_INT8, _INT8).astype(np.int8)
        for name, value in ((node.input[0], fitted), (node.input[1], wider)):
            constants[name].CopyFrom(numpy_helper.from_array(value, name))


class _HalfConstants:
    """FP16 copies of float32 constants, made when they are asked for."""

    def __init__(self, proto: "onnx.ModelProto") -> None:
        self._proto = proto
        self._constants = constants_of(proto)
        self._made: set[str] = set()

    def name_of(self, name: str) -> str:
        """The copy of the constant `name`; `name` itself where it is none, or has another type."""
        from onnx import TensorProto, numpy_helper  # noqa: PLC0415

        tensor = self._constants.get(name)
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            return name
        copy = f"{name}.half"
        if copy not in self._made:
            self._made.add(copy)
            value: NDArray[np.float16] = numpy_helper.to_array(tensor).astype(np.float16)
            self._proto.graph.initializer.append(numpy_helper.from_array(value, copy))
        return copy


def _to_half(node: "onnx.NodeProto", names: _HalfConstants) -> None:
    from onnx import TensorProto  # noqa: PLC0415

    if node.op_type == "Cast" and node.attribute[0].i == TensorProto.FLOAT:
        node.attribute[0].i = TensorProto.FLOAT16
    wanted = node.input[:1] if node.op_type == "Resize" else node.input  # its scales stay FP32
    for position, name in enumerate(wanted):
        node.input[position] = names.name_of(name)


def _cast_back(proto: "onnx.ModelProto", made: set[str]) -> None:
    """Put a Cast to FP32 wherever something behind the network reads what it `made`."""
    from onnx import TensorProto, helper  # noqa: PLC0415

    nodes = [copy_of(node) for node in proto.graph.node]
    del proto.graph.node[:]
    cast: set[str] = set()
    for node in nodes:
        crossing = set() if node.output[0] in made else made & set(node.input)
        for name in sorted(crossing - cast):
            back = _in_fp32(name)
            proto.graph.node.append(
                helper.make_node("Cast", [name], [back], name=back, to=TensorProto.FLOAT)
            )
        cast |= crossing
        for position, name in enumerate(node.input):
            if name in crossing:
                node.input[position] = _in_fp32(name)
        proto.graph.node.append(node)


def _in_fp32(name: str) -> str:
    return f"{name}.float32"


def _to_opset_19(proto: "onnx.ModelProto") -> None:
    """Say opset 19; of the operators used here only the reductions changed their form."""
    from onnx import numpy_helper  # noqa: PLC0415

    for opset in proto.opset_import:
        if opset.domain in {"", "ai.onnx"}:
            opset.version = _OPSET
    proto.ir_version = _IR_VERSION
    for node in proto.graph.node:
        if node.op_type not in _AXES_MOVED or len(node.input) > 1:
            continue
        for attribute in list(node.attribute):
            if attribute.name == "axes":
                name = f"{node.name}.axes"
                axes = np.array(attribute.ints, np.int64)
                proto.graph.initializer.append(numpy_helper.from_array(axes, name))
                node.input.append(name)
                node.attribute.remove(attribute)
