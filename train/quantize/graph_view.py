"""Who makes and who reads each tensor of an ONNX graph, and its convolutions by name.

Works on float graphs and on quantized ones: the source of a convolution is the tensor before its
QuantizeLinear and DequantizeLinear, if it has them, and before the idle LeakyRelu in front of them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from edgedet.errors import ModelError

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_WEIGHT = ".weight"


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A Conv node; `name` is that of its weight tensor without `.weight`, as in scale tables."""

    name: str
    node: onnx.NodeProto
    source: str

    @property
    def output(self) -> str:
        """The tensor that it makes, before the activation."""
        return str(self.node.output[0])


class GraphView:
    """Look-ups in a graph, which must not change meanwhile."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        """Index the main graph of `proto`."""
        self.nodes: tuple[onnx.NodeProto, ...] = tuple(proto.graph.node)
        self.constants = {tensor.name: tensor for tensor in proto.graph.initializer}
        self.inputs = {value.name for value in proto.graph.input} - set(self.constants)
        self._makers = {output: node for node in self.nodes for output in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in dict.fromkeys(filter(None, node.input)):
                self._readers[name].append(node)
        self.convolutions: tuple[Convolution, ...] = tuple(
            Convolution(node.input[1].removesuffix(_WEIGHT), node, self._source(node.input[0]))
            for node in self.nodes
            if node.op_type == "Conv"
        )

    def maker(self, tensor: str) -> onnx.NodeProto | None:
        """The node that makes a tensor; None for inputs and constants."""
        return self._makers.get(tensor)

    def readers(self, tensor: str) -> tuple[onnx.NodeProto, ...]:
        """The nodes that read a tensor, in order of the graph."""
        return tuple(self._readers.get(tensor, ()))

    def named(self) -> dict[str, Convolution]:
        """Convolutions by name, in order of the graph."""
        return {each.name: each for each in self.convolutions}

    def above(self, tensors: Iterable[str]) -> set[str]:
        """Every tensor that any of `tensors` is made of, themselves included."""
        found: set[str] = set()
        waiting = list(tensors)
        while waiting:
            tensor = waiting.pop()
            if tensor in found:
                continue
            found.add(tensor)
            node = self._makers.get(tensor)
            waiting += [] if node is None else list(filter(None, node.input))
        return found

    def below(self, tensors: Iterable[str]) -> set[str]:
        """Every tensor that is made of any of `tensors`, themselves included."""
        found: set[str] = set()
        waiting = list(tensors)
        while waiting:
            tensor = waiting.pop()
            if tensor in found:
                continue
            found.add(tensor)
            waiting += [made for node in self._readers.get(tensor, ()) for made in node.output]
        return found

    def float_weight(self, convolution: Convolution) -> NDArray[np.float32]:
        """The weight of a convolution that is not quantized, float32 (out, in, h, w).

        Raises:
            ModelError: If it is no constant of floats, as it is or behind a Cast.
        """
        name = str(convolution.node.input[1])
        cast = self._makers.get(name)
        stored = str(cast.input[0]) if cast is not None and cast.op_type == "Cast" else name
        tensor = self.constants.get(stored)
        if tensor is None or tensor.data_type not in _FLOATS:
            msg = (
                f"the weight of {convolution.name} is no constant of floats; quantize the graph "
                "that `python -m train export` wrote"
            )
            raise ModelError(msg)
        return np.asarray(numpy_helper.to_array(tensor), dtype=np.float32)

    def _source(self, tensor: str) -> str:
        maker = self._makers.get(tensor)
        if maker is None or maker.op_type != DEQUANTIZE:
            return tensor
        quantize = self._makers.get(maker.input[0])
        if quantize is None or quantize.op_type != QUANTIZE:
            return tensor
        idle = self._makers.get(quantize.input[0])
        return str(idle.input[0] if idle is not None and is_idle(idle) else quantize.input[0])


_FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}


def is_quantized(proto: onnx.ModelProto) -> bool:
    """Whether there is any QuantizeLinear or DequantizeLinear in the graph."""
    return any(node.op_type in {QUANTIZE, DEQUANTIZE} for node in proto.graph.node)


def is_idle(node: onnx.NodeProto) -> bool:
    """Whether a node is a LeakyRelu that changes nothing."""
    slopes = [each.f for each in node.attribute if each.name == "alpha"]
    return node.op_type == "LeakyRelu" and slopes == [1.0]
