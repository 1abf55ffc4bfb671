import numpy as np
import pytest

from edgedet.vision import letterbox
from train.evaluate.inputs import fit_fixed, fit_rect, fixed_batches, rect_batches, rect_shape


@pytest.mark.parametrize(
    ("aspects", "shape"),
    [
        # the originals' arithmetic: ceil(0.75 * 640 / 32 + 0.5) * 32 and ceil(640 / 32 + 0.5) * 32
        ([0.75], (512, 672)),
        ([1.0], (672, 672)),
        ([2.0], (672, 352)),
        ([0.5, 0.75], (512, 672)),
        ([0.5, 2.0], (672, 672)),
    ],
)
def test_the_shape_of_a_batch(aspects: list[float], shape: tuple[int, int]) -> None:
    assert rect_shape(aspects, 640, 32) == shape


def test_rectangles_are_sorted_by_aspect_and_keep_every_picture() -> None:
    sizes = [(100, 200), (200, 100), (100, 100), (100, 190)]
    batches = list(rect_batches(sizes, 2, 64, 32, lambda size: size))

    assert [batch for batch, _ in batches] == [[(100, 200), (100, 190)], [(100, 100), (200, 100)]]
    assert [shape for _, shape in batches] == [(64, 96), (96, 96)]


def test_fixed_batches_keep_the_order() -> None:
    assert list(fixed_batches([1, 2, 3], 2, (64, 64))) == [([1, 2], (64, 64)), ([3], (64, 64))]


@pytest.mark.parametrize("size", [(48, 64), (30, 90), (200, 151), (640, 640)])
def test_boxes_come_back_to_where_they_were(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 255, np.uint8)
    shape = rect_shape([size[0] / size[1]], 96, 32)
    out, box = fit_rect(image, shape, 96)
    white = (out == 255).all(axis=-1)

    assert out.shape == (*shape, 3)
    assert max(box.content_hw) == 96
    assert white.sum() == box.content_hw[0] * box.content_hw[1]
    assert white[box.top, box.left]
    whole = np.array([[0, 0, size[1], size[0]]], np.float32)
    np.testing.assert_allclose(box.to_source(box.to_input(whole)), whole, atol=1e-3)


def test_fixed_is_the_device_s_own_letterbox() -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    ours, theirs = fit_fixed(image, (64, 64)), letterbox(image, (64, 64))

    np.testing.assert_array_equal(ours[0], theirs[0])
    assert ours[1] == theirs[1]
