"""What a graph may hold so that ONNX Runtime 1.17, OpenVINO and TensorRT 8.6 to 11 all take it.

Each rule names whom it serves. Found by parsing and building with NVIDIA's own parser; a graph that
passes here has no operator without a kernel there, and no shape known only while it runs.
"""

from collections.abc import Iterator

import onnx

from train.quantize.lint import lint_quantization

OPSET = 17  # TensorRT 8.6 reads no later one
IR_VERSION = 8  # the one of opset 17; ONNX Runtime 1.17 reads up to 9
MAX_TOPK = 3840  # TensorRT's limit of K

_ARITHMETIC = {"Add", "Div", "Mul", "Sub"}
_NETWORK = {"Concat", "Conv", "LeakyRelu", "MaxPool", "Resize", "Sigmoid"}
_LAYOUT = {"Cast", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze"}
_SELECTION = {"Gather", "GatherElements", "ReduceMax", "TopK"}
_QUANTIZED = {"DequantizeLinear", "QuantizeLinear"}
ALLOWED_OPS = frozenset(_ARITHMETIC | _NETWORK | _LAYOUT | _SELECTION | _QUANTIZED)

_REASONS = {
    "NonMaxSuppression": "its output has no fixed shape",
    "NonZero": "its output has no fixed shape",
    "ScatterND": "slow in TensorRT; decode without writing in place",
    "ScatterElements": "slow in TensorRT; decode without writing in place",
    "If": "TensorRT cannot fuse across it",
    "Loop": "TensorRT cannot fuse across it",
    "Shape": "sizes are constants here, but for the batch",
    "Range": "sizes are constants here, but for the batch",
}
_FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}


def lint_graph(proto: onnx.ModelProto) -> list[str]:
    """One line for each thing that some runtime would refuse; none if all is well."""
    return [
        *_versions(proto),
        *_operators(proto),
        *_interface(proto),
        *_pictures_are_cast_first(proto),
        *_topk(proto),
        *lint_quantization(proto),
    ]


def _versions(proto: onnx.ModelProto) -> Iterator[str]:
    for opset in proto.opset_import:
        if opset.domain not in {"", "ai.onnx"}:
            yield f"operators of domain '{opset.domain}', which TensorRT does not know"
        elif opset.version > OPSET:
            yield f"opset {opset.version}, TensorRT 8.6 reads {OPSET} at most"
    if proto.ir_version > IR_VERSION:
        yield f"IR version {proto.ir_version}, expected {IR_VERSION} at most"


def _operators(proto: onnx.ModelProto) -> Iterator[str]:
    for op_type in sorted({node.op_type for node in proto.graph.node} - ALLOWED_OPS):
        reason = _REASONS.get(op_type, "not among those that every runtime was seen to take")
        yield f"operator {op_type}: {reason}"


def _interface(proto: onnx.ModelProto) -> Iterator[str]:
    if len(proto.graph.input) != 1 or len(proto.graph.output) != 1:
        counts = len(proto.graph.input), len(proto.graph.output)
        yield f"{counts[0]} inputs and {counts[1]} outputs, expected one of each"
    for value in (*proto.graph.input, *proto.graph.output):
        sizes = value.type.tensor_type.shape.dim
        if not sizes or sizes[0].HasField("dim_value"):
            yield f"the batch of '{value.name}' is fixed"
        if any(not size.HasField("dim_value") for size in sizes[1:]):
            yield f"'{value.name}' has a free size besides the batch"
    for value in proto.graph.output:
        if value.type.tensor_type.elem_type not in _FLOATS:
            yield f"output '{value.name}' is not of floats; TensorRT 8 has no int64 outputs"


def _pictures_are_cast_first(proto: onnx.ModelProto) -> Iterator[str]:
    """TensorRT takes uint8 only as an input that is cast at once."""
    for value in proto.graph.input:
        if value.type.tensor_type.elem_type != onnx.TensorProto.UINT8:
            continue
        readers = {node.op_type for node in proto.graph.node if value.name in node.input}
        if readers != {"Cast"}:
            yield f"uint8 input '{value.name}' is read by {sorted(readers)}, expected Cast alone"


def _topk(proto: onnx.ModelProto) -> Iterator[str]:
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type != "TopK":
            continue
        count = constants.get(node.input[1])
        if count is None:
            yield f"the K of TopK '{node.name}' is not a constant"
        elif onnx.numpy_helper.to_array(count).item() > MAX_TOPK:
            yield f"the K of TopK '{node.name}' is above {MAX_TOPK}"
