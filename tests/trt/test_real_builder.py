"""Graphs through NVIDIA's own parser and builder (TensorRT-RTX, of TensorRT 11's generation).

It works without a GPU; only loading an engine needs one. `make test-trt` installs it and runs this.
What passes here is accepted by that generation's parser and has kernels there; it says nothing of
speed, nor of how TensorRT 8.6 or 10 take it: `edgedet.detect.engine.forms` and the imitations in
tests/detect/engine stand for these.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgedet.manifest import MODEL_FILE
from tests.detect.engine.conv_bundle import conv_graph
from tests.rules.tree import ROOT
from tests.train.export.lively import settled_model
from tests.train.model.slim import slim_architecture
from train.export.lint import lint_graph
from train.export.onnx import export_onnx
from train.export.parity import pattern_images
from train.model.architectures import ARCHITECTURES
from train.quantize.calibrate import Calibrator
from train.quantize.lint import lint_quantization
from train.quantize.writer import quantize_graph

SITE_PACKAGES = next(ROOT.glob(".venv-trt/lib/python3*/site-packages"), None)
FAMILY_HW = (64, 128)
INT8_FORMS = [("as-is", 1), ("int8", 1), ("int8", 0), ("fp16", 1), ("fp32", 1)]
FP32_FORMS = [("as-is", 1), ("fp16", 1), ("fp32", 1)]

pytestmark = [
    pytest.mark.trt,
    pytest.mark.timeout(600),
    pytest.mark.skipif(SITE_PACKAGES is None, reason="no .venv-trt; `make test-trt` makes it"),
]


def build(graph: Path, precision: str = "as-is", strong: int = 1) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.trt.child"]
    arguments = [str(SITE_PACKAGES), str(graph), precision, str(strong)]
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def quantized(proto: onnx.ModelProto, image_hw: tuple[int, int]) -> onnx.ModelProto:
    calibrator = Calibrator(proto, threads=1)
    calibrator.watch([pattern_images(image_hw, 4, seed=1)])
    return quantize_graph(proto, calibrator.table("max"))


@pytest.fixture(scope="module", params=[each.name for each in ARCHITECTURES])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A member with few channels and all its blocks: FP32 and INT8 in one folder."""
    folder = tmp_path_factory.mktemp(request.param)
    export_onnx(settled_model(slim_architecture(request.param), 2), folder / "fp32.onnx", FAMILY_HW)
    onnx.save(quantized(onnx.load(folder / "fp32.onnx"), FAMILY_HW), folder / "int8.onnx")
    return folder


@pytest.mark.parametrize(("precision", "strong"), FP32_FORMS)
def test_every_member_builds(family: Path, precision: str, strong: int) -> None:
    assert "engine_bytes" in build(family / "fp32.onnx", precision, strong)


@pytest.mark.parametrize(("precision", "strong"), INT8_FORMS)
def test_every_quantized_member_builds(family: Path, precision: str, strong: int) -> None:
    assert lint_quantization(onnx.load(family / "int8.onnx")) == []
    assert "engine_bytes" in build(family / "int8.onnx", precision, strong)


@pytest.mark.parametrize("precision", ["as-is", "fp16", "int8"])
def test_the_model_that_we_ship_builds(tmp_path: Path, precision: str) -> None:
    path = ROOT / "models" / "person" / MODEL_FILE
    proto = onnx.load(path)
    if precision == "int8" and not any(n.op_type == "QuantizeLinear" for n in proto.graph.node):
        path = tmp_path / MODEL_FILE
        onnx.save(quantized(proto, (416, 416)), path)
    plain, small = (build(path, each) for each in ("fp32", precision))
    assert "engine_bytes" in plain
    assert "engine_bytes" in small


# --- graphs that must be refused: by our linter first, then by NVIDIA's parser


def with_integer_bias(proto: onnx.ModelProto) -> None:
    """What onnxruntime.quantization writes: a bias in INT32 behind DequantizeLinear."""
    (conv,) = [node for node in proto.graph.node if node.output[0] == "c2.out"]
    proto.graph.initializer.extend(
        (
            numpy_helper.from_array(np.zeros(8, np.int32), "bias.int32"),
            numpy_helper.from_array(np.full(8, 1e-3, np.float32), "bias.scale"),
        )
    )
    node = helper.make_node(
        "DequantizeLinear", ["bias.int32", "bias.scale"], ["bias"], name="bias", axis=0
    )
    proto.graph.node.insert(0, node)
    conv.input[2] = "bias"


def with_zero_point(proto: onnx.ModelProto) -> None:
    """An asymmetric range."""
    for tensor in proto.graph.initializer:
        if tensor.name == "c1.act.zero":
            tensor.CopyFrom(numpy_helper.from_array(np.array(3, np.int8), tensor.name))


def with_uint8_quantization(proto: onnx.ModelProto) -> None:
    """UINT8 activations."""
    for tensor in proto.graph.initializer:
        if tensor.name == "c1.act.zero":
            tensor.CopyFrom(numpy_helper.from_array(np.array(128, np.uint8), tensor.name))


def with_transpose_first(proto: onnx.ModelProto) -> None:
    """The pictures turned before they are cast."""
    cast, transpose = proto.graph.node[:2]
    assert (cast.op_type, transpose.op_type) == ("Cast", "Transpose")
    transpose.input[0], transpose.output[0] = "images", "turned"
    cast.input[0], cast.output[0] = "turned", "planes"
    nodes = [transpose, cast, *proto.graph.node[2:]]
    copies = []
    for node in nodes:
        copies.append(onnx.NodeProto())
        copies[-1].CopyFrom(node)
    del proto.graph.node[:]
    proto.graph.node.extend(copies)


def with_nms(proto: onnx.ModelProto) -> None:
    """Suppression in the graph, whose output has no fixed shape."""
    proto.graph.initializer.append(numpy_helper.from_array(np.array([9], np.int64), "most"))
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "first"))
    proto.graph.node.extend(
        (
            helper.make_node("Unsqueeze", ["scores", "first"], ["scores.row"], name="row"),
            helper.make_node(
                "Slice", ["candidates", "zero.at", "four.at", "two"], ["boxes"], name="boxes"
            ),
            helper.make_node(
                "NonMaxSuppression", ["boxes", "scores.row", "most"], ["kept"], name="nms"
            ),
        )
    )
    for name, value in (("zero.at", 0), ("four.at", 4)):
        proto.graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), name))
    proto.graph.output.append(helper.make_tensor_value_info("kept", TensorProto.INT64, [None, 3]))


@pytest.mark.parametrize(
    ("spoil", "ours"),
    [
        (with_integer_bias, "expected int8"),
        (with_zero_point, "zero point that is not 0"),
        (with_uint8_quantization, "expected int8"),
        (with_transpose_first, "expected Cast alone"),
        (with_nms, "no fixed shape"),
    ],
)
def test_known_bad_graphs_are_refused_by_us_and_by_nvidia(
    tmp_path: Path, spoil: Callable[[onnx.ModelProto], None], ours: str
) -> None:
    proto = onnx.ModelProto()
    proto.CopyFrom(conv_graph(is_int8=True))
    assert [*lint_graph(proto), *lint_quantization(proto)] == []
    spoil(proto)
    onnx.checker.check_model(proto)  # ONNX itself finds nothing wrong
    assert any(ours in problem for problem in [*lint_graph(proto), *lint_quantization(proto)])
    path = tmp_path / MODEL_FILE
    onnx.save(proto, path)
    result = build(path)
    assert "error" in result, result


def test_what_is_right_about_that_graph_builds(tmp_path: Path) -> None:
    onnx.save(conv_graph(is_int8=True), tmp_path / MODEL_FILE)
    assert "engine_bytes" in build(tmp_path / MODEL_FILE)
