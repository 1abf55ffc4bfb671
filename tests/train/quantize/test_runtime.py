import numpy as np
import onnx
import pytest

from edgedet.errors import ModelError
from train.export.parity import pattern_images
from train.quantize.runtime import TappedGraph

FIRST = "/network/model.0/act/LeakyRelu_output_0"


def test_gives_inner_tensors_in_the_order_asked_for(fp32: onnx.ModelProto) -> None:
    images = pattern_images((64, 96), 2, 0)
    first, scaled = TappedGraph(fp32, [FIRST, "/Div_output_0"], threads=1).run(images)
    assert first.shape == (2, 32, 32, 48)
    assert np.allclose(scaled, images.transpose(0, 3, 1, 2) / 255, atol=1e-6)
    assert [value.name for value in fp32.graph.output] == ["candidates"]


def test_foreign_trouble_is_told_in_one_line(fp32: onnx.ModelProto) -> None:
    with pytest.raises(ModelError, match="onnxruntime cannot load the graph"):
        TappedGraph(fp32, ["nothing"], threads=1)
    with pytest.raises(ModelError, match=r"onnxruntime failed on \(1, 8, 8, 3\)"):
        TappedGraph(fp32, [FIRST], threads=1).run(np.zeros((1, 8, 8, 3), dtype=np.uint8))
