"""Options that more than one command has."""

import pytest

from edgedet.errors import UsageError
from train.commands.options import checked_size, named_model, one_of


@pytest.mark.parametrize("size", [32, 416, 640])
def test_multiples_of_the_stride_pass(size: int) -> None:
    assert checked_size(size) == size


@pytest.mark.parametrize(("size", "nearest"), [(400, 384), (417, 416), (1, 32), (0, 32), (-64, 32)])
def test_other_sizes_are_refused_with_the_nearest(size: int, nearest: int) -> None:
    expected = f"--image-size {size}: expected a multiple of 32, for example {nearest}$"
    with pytest.raises(UsageError, match=expected):
        checked_size(size)


def test_networks_of_four_levels_want_multiples_of_64() -> None:
    assert checked_size(640, 64) == 640
    expected = "--image-size 416: expected a multiple of 64, for example 384$"
    with pytest.raises(UsageError, match=expected):
        checked_size(416, 64)


def test_a_choice_is_given_back_or_refused_with_all_of_them() -> None:
    assert one_of("--method", "coco", ("coco", "trapezoid")) == "coco"
    with pytest.raises(UsageError, match="--method voc: expected one of coco, trapezoid"):
        one_of("--method", "voc", ("coco", "trapezoid"))


def test_a_model_is_named_or_refused_with_all_of_the_family() -> None:
    assert named_model("yolov7-w6").strides[-1] == 64
    with pytest.raises(UsageError, match="--model yolov8: expected one of yolov7-tiny, yolov7, "):
        named_model("yolov8")
