import onnx
import pytest
from onnx import TensorProto, helper

from edgedet.manifest import Bundle
from train.export.lint import lint_graph


@pytest.fixture
def proto(bundle: Bundle) -> onnx.ModelProto:
    return onnx.load(bundle.model_path)


def test_an_exported_graph_is_clean(proto: onnx.ModelProto) -> None:
    assert lint_graph(proto) == []


@pytest.mark.parametrize("op_type", ["NonZero", "ScatterND", "If", "Loop", "NonMaxSuppression"])
def test_names_operators_that_do_not_run_everywhere(proto: onnx.ModelProto, op_type: str) -> None:
    proto.graph.node.append(helper.make_node(op_type, ["candidates"], ["more"]))
    assert [line for line in lint_graph(proto) if f"operator {op_type}" in line]


def test_names_a_newer_opset_and_foreign_domains(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 18
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    proto.ir_version = 10
    lines = " ".join(lint_graph(proto))
    assert "opset 18" in lines
    assert "com.microsoft" in lines
    assert "IR version 10" in lines


def test_names_a_picture_that_is_transposed_first(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(helper.make_node("Transpose", ["images"], ["turned"]))
    assert any("expected Cast alone" in line for line in lint_graph(proto))


def test_names_integer_outputs_and_free_or_fixed_sizes(proto: onnx.ModelProto) -> None:
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "count"])
    proto.graph.output.append(ids)
    lines = " ".join(lint_graph(proto))
    assert "1 inputs and 2 outputs" in lines
    assert "'ids' is not of floats" in lines
    assert "batch of 'ids' is fixed" in lines
    assert "'ids' has a free size" in lines


def test_names_a_top_k_that_is_too_large(proto: onnx.ModelProto) -> None:
    top = next(node for node in proto.graph.node if node.op_type == "TopK")
    count = next(t for t in proto.graph.initializer if t.name == top.input[1])
    count.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(count) * 0 + 4000))
    count.name = top.input[1]
    assert any("above 3840" in line for line in lint_graph(proto))
