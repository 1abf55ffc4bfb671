"""Graphs of a few layers: where values are rounded, and that the answer is the same."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.detect.openvino_rounding import share_rounding

pytest.importorskip("openvino")

LIMITS = (-1.28, 1.27, -1.28, 1.27)
OTHER = (-6.4, 6.35, -6.4, 6.35)


@pytest.fixture
def ov() -> Any:  # noqa: ANN401
    from edgedet.detect.openvino import import_openvino  # noqa: PLC0415 - needs openvino

    return import_openvino()


class Layers:
    """Makes nodes with short names."""

    def __init__(self, ov: Any) -> None:  # noqa: ANN401
        self.ops = ov.opset13
        self.images = self.ops.parameter([1, 4, 8, 8], np.float32, name="images")

    def conv(self, value: Any, seed: int) -> Any:  # noqa: ANN401
        channels = value.get_output_partial_shape(0)[1].get_length()
        weight = np.random.default_rng(seed).normal(size=(4, channels, 1, 1)).astype(np.float32)
        return self.ops.relu(self.ops.convolution(value, weight, [1, 1], [0, 0], [0, 0], [1, 1]))

    def rounded(self, value: Any, limits: tuple[float, ...] = LIMITS) -> Any:  # noqa: ANN401
        return self.ops.fake_quantize(value, *map(np.float32, limits), 256)

    def pool(self, value: Any) -> Any:  # noqa: ANN401
        return self.ops.max_pool(value, [1, 1], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)


def _answer(ov: Any, model: Any) -> list[NDArray[np.float32]]:  # noqa: ANN401
    images = np.random.default_rng(0).normal(size=(1, 4, 8, 8)).astype(np.float32)
    settings = {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}
    compiled = ov.Core().compile_model(model, "CPU", settings)
    return [np.array(each) for each in compiled.create_infer_request().infer([images]).values()]


def _roundings(model: Any) -> list[str]:  # noqa: ANN401
    """What each rounding reads."""
    return sorted(
        node.input_value(0).get_node().get_type_name()
        for node in model.get_ordered_ops()
        if node.get_type_name() == "FakeQuantize"
    )


def test_rounds_once_where_values_are_made(ov: Any) -> None:  # noqa: ANN401
    net = Layers(ov)
    left, right = net.conv(net.images, 1), net.conv(net.images, 2)
    third = net.conv(net.rounded(left), 3)
    joined = net.ops.concat([left, right, third, net.pool(right)], 1)
    out = net.conv(net.rounded(joined), 4)
    model = ov.Model([out], [net.images], "block")
    before = _answer(ov, model)
    assert _roundings(model) == ["Concat", "Relu"]

    assert share_rounding(ov, model) == 2  # the Concat, and the MaxPool above it

    assert _roundings(model) == ["Relu", "Relu", "Relu"]
    for found, expected in zip(_answer(ov, model), before, strict=True):
        assert np.array_equal(found, expected)
    assert share_rounding(ov, model) == 0


def test_a_float_reader_keeps_its_float_values(ov: Any) -> None:  # noqa: ANN401
    net = Layers(ov)
    joined = net.ops.concat([net.conv(net.images, 1), net.conv(net.images, 2)], 1)
    outs = [net.conv(net.rounded(joined), 3), net.conv(joined, 4)]
    model = ov.Model(outs, [net.images], "two")
    before = _answer(ov, model)
    assert share_rounding(ov, model) == 0
    assert _roundings(model) == ["Concat"]
    for found, expected in zip(_answer(ov, model), before, strict=True):
        assert np.array_equal(found, expected)


def test_other_limits_stay_their_own(ov: Any) -> None:  # noqa: ANN401
    net = Layers(ov)
    left = net.conv(net.images, 1)
    outs = [net.conv(net.rounded(left), 2), net.conv(net.rounded(left, OTHER), 3)]
    outs.append(net.conv(net.rounded(left), 4))
    model = ov.Model(outs, [net.images], "limits")
    before = _answer(ov, model)
    share_rounding(ov, model)
    assert _roundings(model) == ["Relu", "Relu"]
    for found, expected in zip(_answer(ov, model), before, strict=True):
        assert np.array_equal(found, expected)
