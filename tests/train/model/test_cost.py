import pytest

from train.model import build_model, fuse
from train.model.cost import measure_cost


def test_counts_what_was_measured_for_tiny() -> None:
    model = build_model("yolov7-tiny")

    assert measure_cost(model, (640, 640)).gflops == pytest.approx(13.70, abs=0.005)
    assert measure_cost(model, (416, 416)).gflops == pytest.approx(5.79, abs=0.005)
    assert measure_cost(model, (320, 320)).parameters == 6_228_762
    assert measure_cost(fuse(model), (320, 320)).parameters == 6_219_709
