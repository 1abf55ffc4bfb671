import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgedet.vision import area_xyxy, clip_xyxy, cxcywh_to_xyxy, iou_matrix, xyxy_to_cxcywh

Boxes = NDArray[np.float64]
COORDINATES = st.floats(-1000, 1000, width=32)


@st.composite
def boxes(draw: st.DrawFn) -> Boxes:
    count = draw(st.integers(0, 6))
    corners = draw(npst.arrays(np.float64, (count, 2), elements=COORDINATES))
    sizes = draw(npst.arrays(np.float64, (count, 2), elements=st.floats(0.125, 500, width=32)))
    return np.concatenate([corners, corners + sizes], axis=1)


@given(boxes())
def test_conversion_comes_back(xyxy: Boxes) -> None:
    np.testing.assert_allclose(cxcywh_to_xyxy(xyxy_to_cxcywh(xyxy)), xyxy, atol=1e-9)


@given(boxes(), boxes())
def test_iou_is_a_symmetric_share(a: Boxes, b: Boxes) -> None:
    ious = iou_matrix(a, b)
    assert ious.shape == (len(a), len(b))
    assert ((ious >= 0) & (ious <= 1 + 1e-12)).all()
    np.testing.assert_allclose(ious, iou_matrix(b, a).T, atol=1e-12)


@given(boxes())
def test_iou_with_itself_is_one(xyxy: Boxes) -> None:
    np.testing.assert_allclose(np.diag(iou_matrix(xyxy, xyxy)), 1.0, atol=1e-9)


@given(boxes(), COORDINATES, COORDINATES, st.floats(0.25, 4, width=32))
def test_iou_does_not_feel_moving_and_scaling(xyxy: Boxes, x: float, y: float, by: float) -> None:
    moved = (xyxy + np.array([x, y, x, y])) * by
    np.testing.assert_allclose(iou_matrix(moved, moved), iou_matrix(xyxy, xyxy), atol=1e-6)


@given(boxes())
def test_clipped_boxes_lie_inside_and_clipping_twice_is_clipping_once(xyxy: Boxes) -> None:
    once = clip_xyxy(xyxy, (300, 400))
    assert (once >= 0).all()
    assert (once[:, [0, 2]] <= 400).all()
    assert (once[:, [1, 3]] <= 300).all()
    np.testing.assert_array_equal(clip_xyxy(once, (300, 400)), once)


@given(boxes())
def test_area_is_width_times_height(xyxy: Boxes) -> None:
    cxcywh = xyxy_to_cxcywh(xyxy)
    np.testing.assert_allclose(area_xyxy(xyxy), cxcywh[:, 2] * cxcywh[:, 3])


def test_boxes_without_area_overlap_nothing() -> None:
    flat = np.array([[1.0, 1.0, 1.0, 5.0], [9.0, 9.0, 3.0, 3.0]])
    assert iou_matrix(flat, flat).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_type_is_kept() -> None:
    single = np.array([[0, 0, 2, 2]], np.float32)
    for function in (cxcywh_to_xyxy, xyxy_to_cxcywh, area_xyxy):
        assert function(single).dtype == np.float32
    assert clip_xyxy(single, (1, 1)).dtype == np.float32
    assert iou_matrix(single, single).dtype == np.float32
