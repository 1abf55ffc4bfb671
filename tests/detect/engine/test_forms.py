"""The forms compute what the bundle's graph computes; ONNX Runtime says so."""

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from edgedet.detect.engine.forms import DECODE_PREFIX, engine_graph, is_quantized, load_graph
from edgedet.errors import ModelError
from edgedet.manifest import read_bundle, read_golden
from edgedet.vision import Tolerance, compare_candidates
from tests.detect.engine.conv_bundle import conv_graph, pictures, run_graph
from tests.rules.tree import ROOT

IMAGES = pictures(3)
# FP16 keeps 11 bits: a thousandth of a cell of 8 px
HALF_PX, HALF_SCORE = 0.05, 2e-3


@pytest.fixture(scope="module")
def plain() -> onnx.ModelProto:
    return conv_graph(is_int8=False)


@pytest.fixture(scope="module")
def quantized() -> onnx.ModelProto:
    return conv_graph(is_int8=True)


def ops(proto: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in proto.graph.node)


def difference(found: onnx.ModelProto, expected: onnx.ModelProto) -> tuple[float, float]:
    """Of boxes in pixels, and of scores."""
    apart = np.abs(run_graph(found, IMAGES) - run_graph(expected, IMAGES))
    return float(apart[..., :4].max()), float(apart[..., 4].max())


@pytest.mark.parametrize("strongly_typed", [False, True])
@pytest.mark.parametrize("precision", ["int8", "fp16", "fp32"])
def test_every_form_is_valid(
    quantized: onnx.ModelProto, precision: str, *, strongly_typed: bool
) -> None:
    before = quantized.SerializeToString()
    form = engine_graph(quantized, precision, strongly_typed=strongly_typed)
    onnx.checker.check_model(form, full_check=True)
    assert quantized.SerializeToString() == before
    assert len({node.name for node in form.graph.node}) == len(form.graph.node)


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_an_activation_of_slope_1_is_taken_out(quantized: onnx.ModelProto, precision: str) -> None:
    more = onnx.ModelProto()
    more.CopyFrom(quantized)
    position, node = next(
        (n, each) for n, each in enumerate(more.graph.node) if each.op_type == "QuantizeLinear"
    )
    idle = onnx.helper.make_node("LeakyRelu", [node.input[0]], ["idle"], alpha=1.0)
    node.input[0] = "idle"
    more.graph.node.insert(position, idle)

    def form(proto: onnx.ModelProto) -> onnx.ModelProto:
        return engine_graph(proto, precision, strongly_typed=False)

    assert ops(form(more)) == ops(form(quantized))
    assert difference(form(more), form(quantized)) == (0, 0)


def test_several_idle_activations_in_a_row_are_taken_out(quantized: onnx.ModelProto) -> None:
    more = onnx.ModelProto()
    more.CopyFrom(quantized)
    position, node = next(
        (n, each) for n, each in enumerate(more.graph.node) if each.op_type == "QuantizeLinear"
    )
    names = [node.input[0], "idle1", "idle2"]
    for number in (1, 0):
        pair = names[number : number + 2]
        idle = onnx.helper.make_node("LeakyRelu", pair[:1], pair[1:], alpha=1.0)
        more.graph.node.insert(position, idle)
    node.input[0] = names[-1]

    form = engine_graph(more, "int8", strongly_typed=False)
    onnx.checker.check_model(form, full_check=True)
    assert ops(form) == ops(engine_graph(quantized, "int8", strongly_typed=False))


def test_int8_weights_get_their_own_quantize(quantized: onnx.ModelProto) -> None:
    form = engine_graph(quantized, "int8", strongly_typed=False)
    constants = {tensor.name: tensor for tensor in form.graph.initializer}
    assert not [
        node
        for node in form.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constants
    ]
    assert ops(form)["QuantizeLinear"] == ops(form)["DequantizeLinear"]
    assert ops(form)["Cast"] == 1  # that of the pictures
    assert form.opset_import[0].version == 17
    assert difference(form, quantized) == (0.0, 0.0)


def test_float_weights_are_constants(plain: onnx.ModelProto) -> None:
    form = engine_graph(plain, "fp16", strongly_typed=False)
    assert ops(form)["Cast"] == 1
    assert {tensor.data_type for tensor in form.graph.initializer} == {
        TensorProto.FLOAT,
        TensorProto.INT64,
    }
    assert difference(form, plain) == (0.0, 0.0)


def test_without_quantization_the_weights_stay_those_of_int8(quantized: onnx.ModelProto) -> None:
    form = engine_graph(quantized, "fp32", strongly_typed=False)
    assert not is_quantized(form)
    assert not {"QuantizeLinear", "DequantizeLinear"} & set(ops(form))
    source = {tensor.name: tensor for tensor in quantized.graph.initializer}
    found = {tensor.name: tensor for tensor in form.graph.initializer}
    scale = numpy_helper.to_array(source["c2.weight.scale"])[:, None, None, None]
    expected = numpy_helper.to_array(source["c2.weight.int8"]).astype(np.float32) * scale
    assert np.array_equal(numpy_helper.to_array(found["c2.weight"]), expected)


def test_half_floats_compute_nearly_the_same(plain: onnx.ModelProto) -> None:
    form = engine_graph(plain, "fp16", strongly_typed=True)
    box_px, score = difference(form, plain)
    assert 0 < box_px < HALF_PX
    assert 0 < score < HALF_SCORE


def test_half_typed_int8_rounds_like_the_bundle(quantized: onnx.ModelProto) -> None:
    form = engine_graph(quantized, "int8", strongly_typed=True)
    found, expected = run_graph(form, IMAGES), run_graph(quantized, IMAGES)
    # a step of INT8 more or less where FP16 moved a value over the edge
    assert np.abs(found[..., 4] - expected[..., 4]).max() < 0.02


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_the_decode_stays_in_full_floats(quantized: onnx.ModelProto, precision: str) -> None:
    form = engine_graph(quantized, precision, strongly_typed=True)
    inferred = onnx.shape_inference.infer_shapes(form)
    types = {value.name: value.type.tensor_type.elem_type for value in inferred.graph.value_info}
    types |= {tensor.name: tensor.data_type for tensor in form.graph.initializer}
    for node in form.graph.node:
        kinds = {types.get(name) for name in (*node.input, *node.output)}
        if node.name.startswith(DECODE_PREFIX):
            assert TensorProto.FLOAT16 not in kinds, node.name
        elif node.op_type in {"Conv", "LeakyRelu", "MaxPool", "Concat"}:
            assert kinds == {TensorProto.FLOAT16}, node.name


def test_scales_too_small_for_half_floats_are_widened(quantized: onnx.ModelProto) -> None:
    proto = onnx.ModelProto()
    proto.CopyFrom(quantized)
    for tensor in proto.graph.initializer:
        if tensor.name == "c2.weight.scale":
            scale = numpy_helper.to_array(tensor).copy()
            scale[0] = 1e-9
            tensor.CopyFrom(numpy_helper.from_array(scale, tensor.name))
    form = engine_graph(proto, "int8", strongly_typed=True)
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in form.graph.initializer}
    assert found["c2.weight.scale.half"].min() >= np.finfo(np.float16).tiny
    assert np.abs(found["c2.weight.int8"][0]).max() == 0  # 127e-9 is nothing beside 6e-5
    assert np.abs(found["c2.weight.int8"][1]).max() == 127


def test_int8_needs_a_quantized_graph(plain: onnx.ModelProto) -> None:
    with pytest.raises(ModelError, match=r"not quantized.*train quantize"):
        engine_graph(plain, "int8", strongly_typed=False)


def test_bytes_that_are_no_graph_are_told() -> None:
    with pytest.raises(ModelError, match="no ONNX graph"):
        load_graph(b"\xff\xff no graph")


@pytest.mark.parametrize("strongly_typed", [False, True])
def test_the_model_that_we_ship_answers_its_golden_pictures(*, strongly_typed: bool) -> None:
    bundle = read_bundle(ROOT / "models" / "person")
    golden, declared = read_golden(bundle), bundle.manifest.golden
    assert golden is not None
    assert declared is not None
    form = engine_graph(onnx.load(bundle.model_path), "int8", strongly_typed=strongly_typed)
    tolerance = Tolerance(declared.box_tolerance_px, declared.score_tolerance)
    found = run_graph(form, golden.images_nhwc[:1])
    assert compare_candidates(found[0], golden.candidates[0], tolerance).unmatched == 0
