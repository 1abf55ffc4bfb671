"""Which convolutions share one scale, and which stay in float whatever calibration finds.

Concat, MaxPool and Resize only move values. If all that goes in and out has one scale, a runtime
moves INT8 numbers through them; with two, it must convert (NVIDIA measured 180 images/s so, and 207
with one: yolo_deepstream, yolov7_qat). LeakyReLU changes values and ties nothing, unless its slope
is 1, as `train.quantize.writer` puts it behind Concat.
"""

from collections.abc import Mapping

import onnx

from train.quantize.graph_view import Convolution, GraphView, is_idle

TYING_OPS = frozenset({"Concat", "MaxPool", "Resize"})
FIRST = "first convolution: it sees the picture itself"
DETECTION = "detection convolution: scores and boxes come straight from it"

_QUANTIZERS = {"DequantizeLinear", "QuantizeLinear"}


def scale_groups(proto: onnx.ModelProto) -> tuple[tuple[str, ...], ...]:
    """Names of the convolutions of each group, every convolution in exactly one.

    The convolutions of a group read the same tensor, or tensors that are tied to each other. Groups
    and names come in order of the graph.
    """
    view = GraphView(proto)
    roots = tied_tensors(view)
    groups: dict[str, list[str]] = {}
    for convolution in view.convolutions:
        groups.setdefault(roots.get(convolution.source, convolution.source), []).append(
            convolution.name
        )
    return tuple(tuple(names) for names in groups.values())


def tied_tensors(view: GraphView) -> dict[str, str]:
    """Tensor to the tensor that stands for its group; those that nothing ties are left out.

    Q/DQ pairs are looked through: what they read and give is one tensor here.
    """
    parent: dict[str, str] = {}

    def root(tensor: str) -> str:
        while (above := parent.setdefault(tensor, tensor)) != tensor:
            parent[tensor] = parent[above]
            tensor = parent[tensor]
        return tensor

    for node in view.nodes:
        if node.op_type in TYING_OPS or is_idle(node):
            # Resize has its scales and sizes at the places 1 to 3
            tied = node.input if node.op_type == "Concat" else node.input[:1]
            for tensor in tied:
                parent[root(tensor)] = root(node.output[0])
        elif node.op_type in _QUANTIZERS and node.input[0] not in view.constants:
            parent[root(node.output[0])] = root(node.input[0])
    return {tensor: root(tensor) for tensor in list(parent)}


def always_float(proto: onnx.ModelProto) -> dict[str, str]:
    """Name to reason: the convolutions without another one before, or without another behind.

    In all networks of the family these are the first one, which sees the picture, and the detection
    convolutions; what decodes their outputs is no convolution and stays in float too.
    """
    view = GraphView(proto)
    kept: dict[str, str] = {}
    made = {each.output: each.name for each in view.convolutions}
    for convolution in view.convolutions:
        if not _others(view.above([convolution.source]), made, convolution):
            kept[convolution.name] = FIRST
        elif not _others(view.below([convolution.output]), made, convolution):
            kept[convolution.name] = DETECTION
    return kept


def tie(amax: Mapping[str, float], groups: tuple[tuple[str, ...], ...]) -> dict[str, float]:
    """`amax` by convolution, each raised to the largest of its group.

    >>> tie({"a": 1.0, "b": 3.0, "c": 2.0}, (("a", "b"), ("c", "d")))
    {'a': 3.0, 'b': 3.0, 'c': 2.0}
    """
    tied: dict[str, float] = {}
    for names in groups:
        known = [name for name in names if name in amax]
        largest = max((amax[name] for name in known), default=0.0)
        tied |= dict.fromkeys(known, largest)
    return tied


def _others(tensors: set[str], made: Mapping[str, str], convolution: Convolution) -> bool:
    return any(made.get(tensor, convolution.name) != convolution.name for tensor in tensors)
