import numpy as np
import onnx
import pytest

from edgedet.errors import DataError, ModelError
from train.export.parity import pattern_images
from train.quantize.calibrate import Calibrator
from train.quantize.graph_view import GraphView
from train.quantize.groups import always_float, scale_groups
from train.quantize.runtime import TappedGraph
from train.quantize.writer import quantize_graph


@pytest.fixture(scope="module")
def watched(fp32: onnx.ModelProto) -> Calibrator:
    calibrator = Calibrator(fp32, threads=1)
    images = pattern_images((64, 96), 6, 3)
    calibrator.watch(np.split(images, 3))
    return calibrator


def test_max_is_the_largest_value_of_the_group(fp32: onnx.ModelProto, watched: Calibrator) -> None:
    table = watched.table("max", facts={"data_id": "x"})
    assert table.left_in_float == always_float(fp32)
    assert table.facts == {"pictures": 6, "data_id": "x"}
    images = pattern_images((64, 96), 6, 3)
    names = ("network.model.4.conv", "network.model.5.conv", "network.model.7.conv")
    sources = [GraphView(fp32).named()[name].source for name in names]
    values = TappedGraph(fp32, sources, threads=1).run(images)
    largest = max(float(np.abs(each).max()) for each in values)
    assert [table.inputs[name] for name in names] == pytest.approx([largest / 127] * 3)


def test_every_method_ties_and_cuts_off_no_less_than_max(
    fp32: onnx.ModelProto, watched: Calibrator
) -> None:
    top = watched.table("max").inputs
    for method in ("percentile", "histogram-mse"):
        table = watched.table(method)
        assert all(table.inputs[name] <= top[name] for name in top)
        assert any(table.inputs[name] < top[name] for name in top)
        for group in scale_groups(fp32):
            assert len({table.inputs[name] for name in group if name in table.inputs}) <= 1
    assert watched.table("percentile", 99.0).facts["percentile"] == 99.0


def test_a_calibrated_convolution_is_close_to_the_float_one(
    fp32: onnx.ModelProto, watched: Calibrator
) -> None:
    table = watched.table("histogram-mse")
    others = {name: "for this test" for name in table.inputs if name != "network.model.2.conv"}
    proto = quantize_graph(fp32, table.without(others))
    output = GraphView(fp32).named()["network.model.2.conv"].output
    images = pattern_images((64, 96), 2, 9)
    (expected,), (found,) = (TappedGraph(p, [output], 1).run(images) for p in (fp32, proto))
    error = np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean())
    assert 0 < error < 0.03


def test_needs_pictures_and_a_method_of_its_own(fp32: onnx.ModelProto, watched: Calibrator) -> None:
    with pytest.raises(DataError, match="there are no pictures"):
        Calibrator(fp32, threads=1).table("max")
    with pytest.raises(ModelError, match="method qat has no calibrator"):
        watched.table("qat")


def test_a_network_that_overflows_is_told(fp32: onnx.ModelProto) -> None:
    proto = onnx.ModelProto()
    proto.CopyFrom(fp32)
    name = "network.model.0.conv.bias"
    bias = next(each for each in proto.graph.initializer if each.name == name)
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(32, np.inf, np.float32), name))
    with pytest.raises(ModelError, match="not finite on calibration pictures"):
        Calibrator(proto, threads=1).watch([pattern_images((64, 96), 1, 0)])
