from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.train.export.lively import lively_model
from train.export.lint import IR_VERSION, OPSET
from train.export.onnx import export_onnx


@pytest.fixture(scope="module")
def proto(bundle: Bundle) -> onnx.ModelProto:
    return onnx.load(bundle.model_path)


def test_input_and_output_are_as_the_contract_says(proto: onnx.ModelProto) -> None:
    def describe(value: onnx.ValueInfoProto) -> tuple[str, int, list[int | str]]:
        sizes = value.type.tensor_type.shape.dim
        shape = [size.dim_value or size.dim_param for size in sizes]
        return value.name, value.type.tensor_type.elem_type, shape

    assert [describe(value) for value in proto.graph.input] == [
        ("images", onnx.TensorProto.UINT8, ["batch", 64, 96, 3])
    ]
    assert [describe(value) for value in proto.graph.output] == [
        ("candidates", onnx.TensorProto.FLOAT, ["batch", 300, 7])
    ]


def test_versions_are_old_enough(proto: onnx.ModelProto) -> None:
    assert [(opset.domain, opset.version) for opset in proto.opset_import] == [("", OPSET)]
    assert proto.ir_version == IR_VERSION


def test_picture_is_cast_before_it_is_transposed(proto: onnx.ModelProto) -> None:
    readers = [node for node in proto.graph.node if "images" in node.input]
    assert [node.op_type for node in readers] == ["Cast"]
    after = [node for node in proto.graph.node if readers[0].output[0] in node.input]
    assert [node.op_type for node in after] == ["Transpose"]


def test_convolution_weights_are_stored_as_float16_and_nothing_else(
    proto: onnx.ModelProto,
) -> None:
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    halves = {name for name, t in tensors.items() if t.data_type == onnx.TensorProto.FLOAT16}
    weights = {node.input[1] for node in proto.graph.node if node.op_type == "Conv"}
    assert halves == {f"{name}.float16" for name in weights}


def test_onnxruntime_folds_the_casts_of_weights_at_load(bundle: Bundle, tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(bundle.model_path, options, providers=["CPUExecutionProvider"])
    left = onnx.load(tmp_path / "optimised.onnx").graph
    assert sum(node.op_type == "Cast" for node in left.node) == 1  # the picture's
    assert all(t.data_type != onnx.TensorProto.FLOAT16 for t in left.initializer)


def test_file_is_half_of_float32(bundle: Bundle) -> None:
    assert bundle.model_path.stat().st_size < 13_000_000


def test_the_model_is_left_as_it_was(tmp_path: Path) -> None:
    model = lively_model(2).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    export_onnx(model, tmp_path / "model.onnx", (64, 64))
    assert model.training
    assert model.head.kind == "implicit"
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_fewer_predictions_than_candidates_are_all_given(tmp_path: Path) -> None:
    count = export_onnx(lively_model(1), tmp_path / "model.onnx", (32, 32))
    assert count == 3 * (16 + 4 + 1)


@pytest.mark.parametrize("image_hw", [(100, 96), (0, 96), (96, 16)])
def test_refuses_sizes_that_do_not_divide(tmp_path: Path, image_hw: tuple[int, int]) -> None:
    with pytest.raises(ModelError, match="multiples of 32"):
        export_onnx(lively_model(1), tmp_path / "model.onnx", image_hw)


def test_refuses_weights_beyond_float16(tmp_path: Path) -> None:
    model = lively_model(1)
    conv = model.head.m[0]
    assert isinstance(conv, torch.nn.Conv2d)
    with torch.no_grad():
        conv.weight[0, 0, 0, 0] = 1e6
    with pytest.raises(ModelError, match="float16 holds 65504"):
        export_onnx(model, tmp_path / "model.onnx", (64, 64))


def test_the_nine_anchors_are_in_the_graph(proto: onnx.ModelProto) -> None:
    cells = next(t for t in proto.graph.initializer if t.name == "cells")
    table = numpy_helper.to_array(cells)
    assert np.unique(table[:, 3:], axis=0).shape == (9, 2)
    assert sorted(set(table[:, 2].tolist())) == [8.0, 16.0, 32.0]
