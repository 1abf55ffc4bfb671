"""The larger networks: SiLU, four levels, a picture that is folded before the first convolution."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.train.export.lively import settled_model
from train.export.lint import lint_graph
from train.export.onnx import export_onnx
from train.export.parity import pattern_images
from train.quantize.calibrate import Calibrator
from train.quantize.graph_view import GraphView
from train.quantize.groups import DETECTION, FIRST, always_float
from train.quantize.runtime import TappedGraph
from train.quantize.writer import quantize_graph

SIDE = 64


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "first", "levels"),
    [("yolov7", "network.model.0.conv", 3), ("yolov7-w6", "network.model.1.conv", 4)],
)
def test_larger_members_are_quantized_by_the_same_rules(
    tmp_path: Path, name: str, first: str, levels: int
) -> None:
    path = tmp_path / "model.onnx"
    export_onnx(settled_model(name, 2), path, (SIDE, SIDE))
    fp32 = onnx.load(path)
    kept = always_float(fp32)
    assert kept == {first: FIRST} | {
        f"head.convolutions.{level}": DETECTION for level in range(levels)
    }
    images = pattern_images((SIDE, SIDE), 2, 0)
    calibrator = Calibrator(fp32, threads=1)
    calibrator.watch([images])
    quantized = quantize_graph(fp32, calibrator.table("max"))
    assert lint_graph(quantized) == []
    assert quantized.ByteSize() < 0.55 * fp32.ByteSize()
    view = GraphView(fp32)
    heads = [view.named()[each].output for each in kept if each != first]
    wanted, found = (TappedGraph(proto, heads, 1).run(images) for proto in (fp32, quantized))
    for one, other in zip(wanted, found, strict=True):
        assert np.sqrt(((one - other) ** 2).mean()) < 0.5 * one.std()
