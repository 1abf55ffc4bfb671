import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.vision import PAD_VALUE, Letterbox, letterbox

SIDES = st.integers(1, 5000)
INPUTS = st.integers(1, 40).map(lambda n: 32 * n)


@given(SIDES, SIDES, INPUTS, INPUTS)
def test_content_lies_inside_and_touches_two_borders(
    height: int, width: int, input_height: int, input_width: int
) -> None:
    box = Letterbox.fit((height, width), (input_height, input_width))
    assert 0 <= box.top <= input_height - box.content_hw[0]
    assert 0 <= box.left <= input_width - box.content_hw[1]
    assert box.content_hw[0] == input_height or box.content_hw[1] == input_width
    below = input_height - box.content_hw[0] - box.top
    after = input_width - box.content_hw[1] - box.left
    assert 0 <= below - box.top <= 1
    assert 0 <= after - box.left <= 1


@given(SIDES, SIDES, INPUTS, INPUTS, st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_boxes_come_back(
    height: int, width: int, input_height: int, input_width: int, shares: list[float]
) -> None:
    box = Letterbox.fit((height, width), (input_height, input_width))
    x1, x2 = sorted(shares[:2])
    y1, y2 = sorted(shares[2:])
    boxes = np.array([[x1 * width, y1 * height, x2 * width, y2 * height]], np.float32)
    back = box.to_source(box.to_input(boxes))
    # One step of float32 at the input's coordinates, seen in the source's pixels.
    step = 4e-7 * max(input_height, input_width) / min(box.scale_xy)
    np.testing.assert_allclose(back, boxes, rtol=1e-5, atol=max(step, 1e-3))


@given(SIDES, SIDES, INPUTS, INPUTS)
def test_whole_picture_is_the_content(
    height: int, width: int, input_height: int, input_width: int
) -> None:
    box = Letterbox.fit((height, width), (input_height, input_width))
    whole = box.to_input(np.array([[0, 0, width, height]], np.float32))[0]
    content = [box.left, box.top, box.left + box.content_hw[1], box.top + box.content_hw[0]]
    np.testing.assert_allclose(whole, content, rtol=1e-5, atol=1e-2)


def test_boxes_are_clipped_to_the_picture() -> None:
    box = Letterbox.fit((100, 200), (64, 64))
    far = np.array([[-500, -500, 500, 500]], np.float32)
    assert box.to_source(far).tolist() == [[0, 0, 200, 100]]


@pytest.mark.parametrize(
    ("source_hw", "input_hw", "content_hw", "top", "left"),
    [
        ((576, 768), (416, 416), (312, 416), 52, 0),
        ((1080, 1920), (640, 640), (360, 640), 140, 0),
        ((480, 640), (640, 640), (480, 640), 80, 0),
        ((720, 405), (416, 416), (416, 234), 0, 91),
        ((375, 500), (416, 416), (312, 416), 52, 0),
        ((427, 640), (320, 320), (214, 320), 53, 0),
        ((333, 500), (320, 320), (213, 320), 53, 0),
    ],
)
def test_places_of_the_original(
    source_hw: tuple[int, int],
    input_hw: tuple[int, int],
    content_hw: tuple[int, int],
    top: int,
    left: int,
) -> None:
    box = Letterbox.fit(source_hw, input_hw)
    assert (box.content_hw, box.top, box.left) == (content_hw, top, left)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_picture_is_padded_with_grey(channels: int) -> None:
    image = np.full((30, 60, channels), 7, np.uint8)
    out, box = letterbox(image, (64, 64))
    assert out.shape == (64, 64, channels)
    inside = out[box.top : box.top + 32, box.left : box.left + 64]
    assert (inside == 7).all()
    assert (out == PAD_VALUE).sum() == (64 * 64 - 32 * 64) * channels


def test_a_picture_of_the_right_size_is_copied_unchanged() -> None:
    image = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    out, _ = letterbox(image, (32, 32))
    np.testing.assert_array_equal(out, image)
    assert not np.shares_memory(out, image)


@pytest.mark.parametrize("source_hw", [(0, 10), (10, 0), (-1, 5)])
def test_refuses_pictures_without_pixels(source_hw: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="every side must be at least 1"):
        Letterbox.fit(source_hw, (32, 32))
