"""A small network with convolutions, as bundles hold it: float16 weights, or INT8 with Q/DQ.

Seven convolutions with LeakyReLU, MaxPool, Resize and Concat, a head, and a decode with TopK: every
kind of node that the exporter writes for one class, in the forms that a bundle has.
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgedet.manifest import (
    GOLDEN_FILE,
    MODEL_FILE,
    Bundle,
    Golden,
    GoldenCase,
    InputSpec,
    Manifest,
    OutputSpec,
    file_entry,
    write_golden,
    write_manifest,
)

HW = (64, 96)
COUNT = 10
STRIDE = 8
SEED = 7
FLOAT_LAYERS = {"c1", "head"}


@dataclass
class _Graph:
    """Nodes and constants as they are added; `scales` are those of the activations."""

    scales: dict[str, float]
    is_int8: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def conv(self, name: str, source: str, shape: tuple[int, int, int], stride: int = 1) -> str:
        out_channels, in_channels, kernel = shape
        size = (out_channels, in_channels, kernel, kernel)
        gain = 6.0 if name == "head" else 1.2  # scores that spread over 0 to 1
        weight = self.rng.normal(0, gain / np.sqrt(in_channels * kernel**2), size)
        bias = self.rng.normal(0, 0.1, out_channels).astype(np.float32)
        is_quantized = self.is_int8 and name not in FLOAT_LAYERS
        inputs = [
            self._quantized(source) if is_quantized else source,
            self._weight(name, weight.astype(np.float32), is_quantized=is_quantized),
            self.constant(f"{name}.bias", bias),
        ]
        pads = [kernel // 2] * 4
        return self.add(
            "Conv",
            inputs,
            f"{name}.out",
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=pads,
        )

    def slice(self, source: str, output: str, start: int, stop: int) -> str:
        """Columns `start` to `stop` of (N, A, columns)."""
        ends = {"starts": start, "ends": stop, "axes": 2}
        inputs = [
            self.constant(f"{output}.{name}", np.array([value], np.int64))
            for name, value in ends.items()
        ]
        return self.add("Slice", [source, *inputs], output)

    def block(self, name: str, source: str, shape: tuple[int, int, int], stride: int = 1) -> str:
        out = self.conv(name, source, shape, stride)
        return self.add("LeakyRelu", [out], f"{name}.act", alpha=0.1)

    def _weight(self, name: str, weight: NDArray[np.float32], *, is_quantized: bool) -> str:
        key = f"{name}.weight"
        if not is_quantized:
            self.constant(f"{key}.float16", weight.astype(np.float16))
            return self.add("Cast", [f"{key}.float16"], key, to=TensorProto.FLOAT)
        scale = (np.abs(weight).max(axis=(1, 2, 3)) / 127).astype(np.float32)
        rounded = np.clip(np.rint(weight / scale[:, None, None, None]), -127, 127)
        self.constant(f"{key}.int8", rounded.astype(np.int8))
        self.constant(f"{key}.scale", scale)
        self.constant(f"{key}.zero", np.zeros(len(scale), np.int8))
        inputs = [f"{key}.{part}" for part in ("int8", "scale", "zero")]
        return self.add("DequantizeLinear", inputs, key, axis=0)

    def _quantized(self, source: str) -> str:
        out = f"{source}.dequantized"
        if any(node.output[0] == out for node in self.nodes):
            return out
        scale = self.constant(f"{source}.scale", np.array(self.scales[source], np.float32))
        zero = self.constant(f"{source}.zero", np.array(0, np.int8))
        made_by = {node.output[0]: node.op_type for node in self.nodes}
        taken = source
        if made_by[source] == "Concat":  # as the exporter writes it, for OpenVINO's sake
            taken = self.add("LeakyRelu", [source], f"{source}.taken", alpha=1.0)
        self.add("QuantizeLinear", [taken, scale, zero], f"{source}.quantized")
        return self.add("DequantizeLinear", [f"{source}.quantized", scale, zero], out)


@functools.cache
def conv_graph(*, is_int8: bool) -> onnx.ModelProto:
    """The graph, with weights that depend on nothing but the seed. Not to be changed."""
    scales = _activation_scales() if is_int8 else {}
    graph = _Graph(scales, is_int8=is_int8)
    _network(graph, HW)
    return _model(graph, HW, "candidates", [None, COUNT, 7])


def make_conv_bundle(folder: Path, *, is_int8: bool, has_golden: bool = True) -> Bundle:
    """A bundle around the graph, its golden case computed by ONNX Runtime."""
    folder.mkdir(parents=True, exist_ok=True)
    proto = conv_graph(is_int8=is_int8)
    onnx.save(proto, folder / MODEL_FILE)
    files = [MODEL_FILE]
    if has_golden:
        images = pictures(2)
        write_golden(folder / GOLDEN_FILE, GoldenCase(images, run_graph(proto, images)))
        files.append(GOLDEN_FILE)
    manifest = Manifest(
        name="conv",
        version="1",
        class_names=["thing"],
        precision="int8" if is_int8 else "fp32",
        input=InputSpec(height=HW[0], width=HW[1]),
        output=OutputSpec(count=COUNT),
        files=[file_entry(folder, path) for path in files],
        golden=Golden(
            path=GOLDEN_FILE,
            box_tolerance_px=6.0 if is_int8 else 1.0,
            score_tolerance=0.05 if is_int8 else 0.01,
        )
        if has_golden
        else None,
    )
    return write_manifest(folder, manifest)


def pictures(count: int, image_hw: tuple[int, int] = HW) -> NDArray[np.uint8]:
    rng = np.random.default_rng(count)
    blocks = rng.integers(0, 256, (count, image_hw[0] // 8, image_hw[1] // 8, 3), np.uint8)
    return np.ascontiguousarray(blocks.repeat(8, axis=1).repeat(8, axis=2))


def run_graph(proto: onnx.ModelProto, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What ONNX Runtime computes, without rewriting the graph (it would fuse Q/DQ its own way)."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])
    (answer,) = session.run(None, {"images": images_nhwc})
    return np.asarray(answer)


def _network(graph: _Graph, image_hw: tuple[int, int]) -> None:
    rows, columns = image_hw[0] // STRIDE, image_hw[1] // STRIDE
    graph.add("Cast", ["images"], "pixels", to=TensorProto.FLOAT)
    graph.add("Transpose", ["pixels"], "planes", perm=[0, 3, 1, 2])
    graph.add("Div", ["planes", graph.constant("full", np.array(255, np.float32))], "input")
    stem = graph.block("c2", graph.block("c1", "input", (8, 3, 3), 2), (8, 8, 3), 2)
    left = graph.block("c3", stem, (8, 8, 1))
    right = graph.block("c4", left, (8, 8, 3))
    both = graph.add("Concat", [left, right], "both", axis=1)
    down = graph.block("c5", both, (16, 16, 3), 2)
    pooled = graph.add("MaxPool", [down], "pooled", kernel_shape=[3, 3], pads=[1] * 4)
    deep = graph.block("c6", pooled, (16, 16, 3), 2)
    empty = graph.constant("nothing", np.array([], np.float32))
    twice = graph.constant("twice", np.array([1, 1, 2, 2], np.float32))
    up = graph.add(
        "Resize", [deep, empty, twice], "up",
        mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
    joined = graph.add("Concat", [up, down], "joined", axis=1)
    head = graph.conv("head", graph.block("c7", joined, (16, 32, 3)), (5, 16, 1))
    _decode(graph, head, rows, columns)


def _decode(graph: _Graph, head: str, rows: int, columns: int) -> None:
    """The K best cells: boxes from logits, without a threshold."""
    cells = rows * columns
    y, x = np.mgrid[:rows, :columns].reshape(2, -1).astype(np.float32)
    fixed = graph.constant("cells", np.stack([x, y], axis=1))
    split = graph.constant("split", np.array([-1, 5, cells], np.int64))
    graph.add("Reshape", [head, split], "flat")
    logits = graph.add("Transpose", ["flat"], "logits", perm=[0, 2, 1])
    for name, start, stop in (("xywh", 0, 4), ("object", 4, 5)):
        graph.slice(logits, f"{name}.part", start, stop)
    two = graph.constant("two", np.array([2], np.int64))
    graph.add("Squeeze", ["object.part", two], "object.flat")
    graph.add("Sigmoid", ["object.flat"], "scores.all")
    k = graph.constant("k", np.array([COUNT], np.int64))
    graph.nodes.append(
        helper.make_node("TopK", ["scores.all", k], ["scores", "ids"], name="topk", axis=1)
    )
    graph.add("Unsqueeze", ["ids", two], "ids.column")
    repeats = graph.constant("repeats", np.array([1, 1, 4], np.int64))
    graph.add("Tile", ["ids.column", repeats], "ids.tiled")
    graph.add("GatherElements", ["xywh.part", "ids.tiled"], "chosen", axis=1)
    graph.add("Gather", [fixed, "ids"], "places", axis=0)
    graph.add("Sigmoid", ["chosen"], "offsets")
    for name, start, stop in (("centre", 0, 2), ("size", 2, 4)):
        graph.slice("offsets", f"{name}.part", start, stop)
    step = graph.constant("step", np.array(STRIDE, np.float32))
    span = graph.constant("span", np.array(2 * STRIDE, np.float32))
    graph.add("Add", ["centre.part", "places"], "centre.cells")
    graph.add("Mul", ["centre.cells", step], "centre.px")
    graph.add("Mul", ["size.part", span], "half.px")
    graph.add("Sub", ["centre.px", "half.px"], "corner.1")
    graph.add("Add", ["centre.px", "half.px"], "corner.2")
    graph.add("Unsqueeze", ["scores", two], "scores.column")
    graph.add("Mul", ["scores.column", graph.constant("none", np.array(0, np.float32))], "zero")
    parts = ["corner.1", "corner.2", "scores.column", "zero", "zero"]
    graph.add("Concat", parts, "candidates", axis=2)


def _model(
    graph: _Graph, image_hw: tuple[int, int], output: str, shape: list[int | None]
) -> onnx.ModelProto:
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", *image_hw, 3])
    sizes = ["batch" if size is None else size for size in shape]
    answer = helper.make_tensor_value_info(output, TensorProto.FLOAT, sizes)
    body = helper.make_graph(graph.nodes, "conv", [images], [answer], graph.constants)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _activation_scales() -> dict[str, float]:
    """max / 127 of every tensor that a convolution reads, one for all that Concat ties together."""
    plain = _Graph({}, is_int8=False)
    _network(plain, HW)
    proto = _model(plain, HW, "candidates", [None, COUNT, 7])
    wanted = sorted({node.input[0] for node in plain.nodes if node.op_type == "Conv"})
    del proto.graph.output[:]
    for name in wanted:
        proto.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = ort.InferenceSession(proto.SerializeToString(), None, ["CPUExecutionProvider"])
    found = session.run(wanted, {"images": pictures(4)})
    scales = {name: float(np.abs(value).max()) / 127 for name, value in zip(wanted, found)}  # noqa: B905
    tied = max(scales[name] for name in ("c3.act", "both"))
    deep = max(scales[name] for name in ("pooled", "joined"))
    return scales | {"c3.act": tied, "both": tied, "pooled": deep, "joined": deep}
