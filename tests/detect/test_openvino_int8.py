"""Small INT8 graphs whose true answer numpy gives: what OpenVINO makes of them, mended and not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.detect.cores import saturates_int8
from edgedet.detect.openvino_int8 import (
    drop_idle_activations,
    fuse_rounding,
    narrow_weights,
    overflow_factor,
)

onnx = pytest.importorskip("onnx")
pytest.importorskip("openvino")

STEP = 0.05
SIDE = 8


class Small:
    """Pictures → two float branches → Concat → Q/DQ → one INT8 convolution 1x1."""

    def __init__(self, largest: int) -> None:
        rng = np.random.default_rng(largest)
        self.mix = (rng.normal(size=(2, 32, 3)) / 40).astype(np.float32)
        self.weight = rng.integers(-largest, largest + 1, (16, 64, 1, 1)).astype(np.int8)
        self.scale = rng.uniform(0.5, 2, 16).astype(np.float32) / 1000
        self.images = rng.integers(0, 256, (1, SIDE, SIDE, 3)).astype(np.uint8)

    def answer(
        self, weight: NDArray[np.int8], scale: NDArray[np.floating[Any]]
    ) -> NDArray[np.float64]:
        """By numpy, in the graph's own arithmetic."""
        mixed = np.einsum("boi,nhwi->nbohw", self.mix, self.images.astype(np.float32))
        source = mixed.reshape(1, 64, SIDE, SIDE)
        steps = np.clip(np.rint(source / np.float32(STEP)), -128, 127).astype(np.float64)
        out = np.einsum("oc,nchw->nohw", weight[:, :, 0, 0].astype(np.float64), steps)
        return np.asarray(out * STEP * scale[:, None, None], dtype=np.float64)

    def write(self, path: Path, *, idle: bool = False) -> None:
        """As ONNX; `idle`: with the LeakyRelu of slope 1 that our graphs have."""
        make, array = onnx.helper.make_node, onnx.numpy_helper.from_array
        nodes = [make("Cast", ["images"], ["f"], to=1)]
        nodes.append(make("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2]))
        constants = [array(np.float32(STEP), "s"), array(np.int8(0), "z")]
        for branch, mix in enumerate(self.mix):
            constants.append(array(mix.reshape(32, 3, 1, 1), f"mix{branch}"))
            nodes.append(make("Conv", ["t", f"mix{branch}"], [f"branch{branch}"]))
        nodes.append(make("Concat", ["branch0", "branch1"], ["cat"], axis=1))
        if idle:
            nodes.append(make("LeakyRelu", ["cat"], ["joined"], alpha=1.0))
        nodes.append(make("QuantizeLinear", ["joined" if idle else "cat", "s", "z"], ["q"]))
        nodes.append(make("DequantizeLinear", ["q", "s", "z"], ["dq"]))
        zeros = np.zeros(16, dtype=np.int8)
        constants += [array(self.weight, "w"), array(self.scale, "ws"), array(zeros, "wz")]
        nodes.append(make("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=0))
        nodes.append(make("Conv", ["dq", "wd"], ["y"]))
        value = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            nodes,
            "small",
            [value("images", onnx.TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [value("y", onnx.TensorProto.FLOAT, None)],
            constants,
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, path)


def _run(ov: Any, model: Any, images: NDArray[np.uint8]) -> NDArray[np.float64]:  # noqa: ANN401
    # as the detector: left alone, float layers are bfloat16 where the processor has it
    settings = {"INFERENCE_NUM_THREADS": "1", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = ov.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    request.infer([images])
    return np.array(request.get_output_tensor().data, dtype=np.float64)


def _error(found: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected**2).mean()))


@pytest.fixture
def ov() -> Any:  # noqa: ANN401
    from edgedet.detect.openvino import import_openvino  # noqa: PLC0415 - needs openvino

    return import_openvino()


def test_branches_of_a_concat_are_rounded_in_steps(ov: Any, tmp_path: Path) -> None:  # noqa: ANN401
    small = Small(60)  # too small to overflow anywhere
    small.write(tmp_path / "small.onnx")
    model = ov.Core().read_model(str(tmp_path / "small.onnx"))
    assert fuse_rounding(ov, model) == 1
    assert fuse_rounding(ov, model) == 0
    assert _error(_run(ov, model, small.images), small.answer(small.weight, small.scale)) < 1e-3


def test_openvino_without_our_help_reads_the_graphs_that_we_write(
    ov: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    small = Small(60)
    expected = small.answer(small.weight, small.scale)
    small.write(tmp_path / "idle.onnx", idle=True)
    idle = ov.Core().read_model(str(tmp_path / "idle.onnx"))
    small.write(tmp_path / "bare.onnx")
    bare = ov.Core().read_model(str(tmp_path / "bare.onnx"))

    assert _error(_run(ov, idle, small.images), expected) < 1e-3
    if saturates_int8():  # seen without VNNI; if this is small one day, the activation can go
        assert _error(_run(ov, bare, small.images), expected) > 0.02


def test_an_activation_of_slope_1_is_taken_out(ov: Any, tmp_path: Path) -> None:  # noqa: ANN401
    small = Small(60)
    small.write(tmp_path / "small.onnx", idle=True)
    model = ov.Core().read_model(str(tmp_path / "small.onnx"))
    fuse_rounding(ov, model)

    assert drop_idle_activations(model) == 1
    assert drop_idle_activations(model) == 0
    assert "PRelu" not in {node.get_type_name() for node in model.get_ops()}
    assert _error(_run(ov, model, small.images), small.answer(small.weight, small.scale)) < 1e-3


def test_narrow_weights_give_their_own_answer_on_every_processor(
    ov: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    small = Small(127)
    small.write(tmp_path / "small.onnx")
    model = ov.Core().read_model(str(tmp_path / "small.onnx"))
    fuse_rounding(ov, model)
    assert narrow_weights(ov, model) == 1
    factor = overflow_factor(small.weight)
    assert factor.max() > 1.5
    narrow = np.rint(small.weight / factor.reshape(-1, 1, 1, 1)).astype(np.int8)
    found = _run(ov, model, small.images)
    own = small.answer(narrow, small.scale * factor)
    assert _error(found, own) < 1e-3
    assert _error(found, small.answer(small.weight, small.scale)) < 0.02
    assert narrow_weights(ov, model) == 0


def test_no_pair_is_left_that_overflows() -> None:
    rng = np.random.default_rng(3)
    weight = rng.integers(-127, 128, (40, 33, 3, 3)).astype(np.int8)
    narrow = np.rint(weight / overflow_factor(weight).reshape(-1, 1, 1, 1))
    even, odd = narrow[:, 0:32:2], narrow[:, 1:33:2]
    positive = np.maximum(even, 0) + np.maximum(odd, 0)
    negative = np.minimum(even, 0) + np.minimum(odd, 0)
    assert 255 * max(positive.max(), -negative.min()) <= 32767


def test_float_graphs_are_left_alone(ov: Any) -> None:  # noqa: ANN401
    images = ov.opset13.parameter([1, 3, 4, 4], np.float32)
    weight = np.ones((2, 3, 1, 1), dtype=np.float32)
    conv = ov.opset13.convolution(images, weight, [1, 1], [0, 0], [0, 0], [1, 1])
    model = ov.Model([conv], [images], "float")
    assert (fuse_rounding(ov, model), narrow_weights(ov, model)) == (0, 0)
    assert drop_idle_activations(model) == 0
