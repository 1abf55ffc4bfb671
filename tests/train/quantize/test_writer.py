import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from onnx import TensorProto

from edgedet.errors import ModelError
from train.export.lint import IR_VERSION, OPSET, lint_graph
from train.quantize.graph_view import GraphView, is_idle
from train.quantize.scale_table import ScaleTable
from train.quantize.writer import quantize_graph, quantize_weight


def test_weights_are_int8_by_channel_and_inputs_have_one_scale(
    quantized: onnx.ModelProto, table: ScaleTable
) -> None:
    view = GraphView(quantized)
    assert len(table.inputs) == 54
    for name, convolution in view.named().items():
        maker = view.maker(convolution.node.input[1])
        assert maker is not None
        if name in table.left_in_float:
            assert maker.op_type == "Cast"
            assert convolution.node.input[0] == convolution.source
            continue
        stored, scale = (view.constants[each] for each in maker.input[:2])
        assert (maker.op_type, stored.data_type) == ("DequantizeLinear", TensorProto.INT8)
        assert list(scale.dims) == [stored.dims[0]]
        pair = view.maker(convolution.node.input[0])
        assert pair is not None
        step = onnx.numpy_helper.to_array(view.constants[pair.input[1]])
        assert float(step) == table.inputs[name]
        assert view.constants[convolution.node.input[2]].data_type == TensorProto.FLOAT


def test_the_graph_is_clean_small_and_of_the_old_version(
    quantized: onnx.ModelProto, fp32: onnx.ModelProto
) -> None:
    assert lint_graph(quantized) == []
    assert quantized.ir_version == IR_VERSION
    assert [opset.version for opset in quantized.opset_import] == [OPSET]
    assert quantized.ByteSize() < 0.53 * fp32.ByteSize()
    read = {name for node in quantized.graph.node for name in node.input}
    assert {tensor.name for tensor in quantized.graph.initializer} <= read


def test_a_tensor_that_two_convolutions_read_is_quantized_once(
    quantized: onnx.ModelProto,
) -> None:
    nodes = [node for node in quantized.graph.node if node.op_type == "QuantizeLinear"]
    sources = [node.input[0] for node in nodes]
    assert len(set(sources)) == len(sources) == 43


def test_an_idle_activation_keeps_rounding_and_concat_apart(quantized: onnx.ModelProto) -> None:
    view = GraphView(quantized)
    idle = [node for node in quantized.graph.node if node.name.endswith(".joined")]
    assert len(idle) == 14
    for each in idle:
        assert is_idle(each)
        (maker, (reader,)) = (view.maker(each.input[0]), view.readers(each.output[0]))
        assert maker is not None
        assert (maker.op_type, reader.op_type) == ("Concat", "QuantizeLinear")


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(1), st.just(1)),
        elements=st.floats(-1e4, 1e4, width=32),
    )
)
def test_a_weight_is_within_half_a_step(weight: NDArray[np.float32]) -> None:
    steps, scale = quantize_weight(weight)
    assert np.abs(steps.astype(int)).max() <= 127
    assert (scale > 0).all()
    back = steps * scale.reshape(-1, 1, 1, 1)
    assert (np.abs(back - weight) <= 0.5001 * scale.reshape(-1, 1, 1, 1)).all()


def test_a_channel_of_zeros_stays_one() -> None:
    steps, scale = quantize_weight(np.zeros((2, 3, 1, 1), dtype=np.float32))
    assert not steps.any()
    assert scale.tolist() == [1.0, 1.0]


def test_refuses_a_table_of_another_network(fp32: onnx.ModelProto, table: ScaleTable) -> None:
    inputs = dict(table.inputs)
    inputs["network.model.99.conv"] = inputs.pop("network.model.1.conv")
    with pytest.raises(ModelError, match=r"lacks network\.model\.1\.conv \(1 missing, 1 unknown"):
        quantize_graph(fp32, ScaleTable("max", inputs, table.left_in_float))


def test_refuses_scales_that_differ_where_they_are_tied(
    fp32: onnx.ModelProto, table: ScaleTable
) -> None:
    inputs = dict(table.inputs) | {"network.model.5.conv": 7.0}
    with pytest.raises(ModelError, match=r"2 scales for network\.model\.4\.conv, network"):
        quantize_graph(fp32, ScaleTable("max", inputs, table.left_in_float))


def test_refuses_to_quantize_twice(quantized: onnx.ModelProto, table: ScaleTable) -> None:
    with pytest.raises(ModelError, match="quantized already"):
        quantize_graph(quantized, table)


def test_refuses_what_a_runtime_would(fp32: onnx.ModelProto, table: ScaleTable) -> None:
    kept = dict(table.left_in_float)
    del kept["network.model.0.conv"]
    inputs = dict(table.inputs) | {"network.model.0.conv": 0.01}
    with pytest.raises(ModelError, match=r"network\.model\.0\.conv .*is the first convolution"):
        quantize_graph(fp32, ScaleTable("max", inputs, kept))


def test_the_float_graph_stays_as_it_was(fp32: onnx.ModelProto, table: ScaleTable) -> None:
    before = fp32.SerializeToString()
    quantize_graph(fp32, table)
    assert fp32.SerializeToString() == before
