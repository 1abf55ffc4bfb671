import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from train.export.parity import pattern_images
from train.quantize import sensitivity
from train.quantize.calibrate import Calibrator
from train.quantize.scale_table import ScaleTable
from train.quantize.sensitivity import rank

MEASURED = ("network.model.1.conv", "network.model.28.conv", "network.model.74.conv")


@pytest.fixture(scope="module")
def images() -> list[NDArray[np.uint8]]:
    return np.split(pattern_images((64, 96), 2, 5), 2)


@pytest.fixture(scope="module")
def three(fp32: onnx.ModelProto, images: list[NDArray[np.uint8]]) -> ScaleTable:
    """Sound scales for three convolutions; the others stay in float."""
    calibrator = Calibrator(fp32, threads=1)
    calibrator.watch(images)
    table = calibrator.table("max")
    return table.without({name: "no" for name in table.inputs if name not in MEASURED})


def test_the_layer_with_spoilt_scales_comes_first(
    fp32: onnx.ModelProto, three: ScaleTable, images: list[NDArray[np.uint8]]
) -> None:
    spoilt = dict(three.inputs) | {"network.model.28.conv": 9.0}
    steps: list[int] = []
    found = rank(
        fp32,
        ScaleTable("max", spoilt, three.left_in_float),
        images,
        on_layer=lambda: steps.append(1),
    )
    assert found[0].name == "network.model.28.conv"
    assert found[0].error > 2 * found[1].error > 0
    assert {one.name for one in found} == set(MEASURED)
    assert len(steps) == 3


def test_what_was_measured_is_kept_on_disk(
    fp32: onnx.ModelProto,
    three: ScaleTable,
    images: list[NDArray[np.uint8]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = rank(fp32, three, images, tmp_path)
    (path,) = tmp_path.iterdir()
    assert set(json.loads(path.read_text(encoding="utf-8"))["errors"]) == set(MEASURED)
    with monkeypatch.context() as patch:
        patch.setattr(sensitivity, "quantize_graph", lambda *_: pytest.fail("measured again"))
        assert rank(fp32, three, images, tmp_path) == found
    path.write_text("{broken", encoding="utf-8")
    assert rank(fp32, three, images, tmp_path) == found


def test_other_scales_or_pictures_are_measured_anew(
    fp32: onnx.ModelProto, three: ScaleTable, images: list[NDArray[np.uint8]], tmp_path: Path
) -> None:
    one = three.without(dict.fromkeys(MEASURED[1:], "no"))
    finer = ScaleTable("max", {name: s / 2 for name, s in one.inputs.items()}, one.left_in_float)
    rank(fp32, one, images, tmp_path)
    rank(fp32, finer, images, tmp_path)
    rank(fp32, one, images[:1], tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
