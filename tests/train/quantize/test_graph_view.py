import numpy as np
import onnx
import pytest

from edgedet.errors import ModelError
from train.quantize.graph_view import GraphView, is_quantized


def test_convolutions_are_named_after_their_weights_in_both_forms(
    fp32: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    names = list(GraphView(fp32).named())
    assert names[0] == "network.model.0.conv"
    assert "head.convolutions.2" in names
    assert len(names) == 58
    assert list(GraphView(quantized).named()) == names


def test_the_source_is_the_tensor_before_the_pair(
    fp32: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    before = {each.name: each.source for each in GraphView(fp32).convolutions}
    assert {each.name: each.source for each in GraphView(quantized).convolutions} == before


def test_follows_the_graph_up_and_down(fp32: onnx.ModelProto) -> None:
    view = GraphView(fp32)
    second = view.named()["network.model.1.conv"]
    above, below = view.above([second.source]), view.below([second.output])
    assert "images" in above
    assert second.output not in above
    assert "candidates" in below
    assert second.source not in below
    assert view.maker("images") is None
    assert [node.op_type for node in view.readers("images")] == ["Cast"]


def test_weights_come_as_float32_through_their_cast(
    fp32: onnx.ModelProto, quantized: onnx.ModelProto
) -> None:
    view = GraphView(fp32)
    weight = view.float_weight(view.named()["network.model.1.conv"])
    assert weight.shape == (64, 32, 3, 3)
    assert weight.dtype == np.float32
    other = GraphView(quantized)
    with pytest.raises(ModelError, match=r"weight of network\.model\.1\.conv is no constant"):
        other.float_weight(other.named()["network.model.1.conv"])


def test_tells_a_quantized_graph(fp32: onnx.ModelProto, quantized: onnx.ModelProto) -> None:
    assert not is_quantized(fp32)
    assert is_quantized(quantized)
