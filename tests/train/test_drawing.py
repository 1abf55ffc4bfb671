import cv2
import numpy as np

from train.drawing import Mark, class_colour, draw_marks, encode_jpeg, fit_long_side, shrink

RED = (255, 0, 0)


def test_a_box_is_drawn_and_the_picture_left_alone() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    out = draw_marks(image, [Mark((20, 30, 60, 70), RED)])

    assert not image.any()
    assert out[30, 40].tolist() == list(RED)
    assert out[50, 20].tolist() == list(RED)
    assert not out[50, 40].any()


def test_boxes_are_scaled_with_the_picture() -> None:
    small, scale = fit_long_side(np.zeros((100, 200, 3), np.uint8), 100)
    out = draw_marks(small, [Mark((40, 40, 120, 80), RED, thickness=1)], scale)

    assert (out.shape, scale) == ((50, 100, 3), 0.5)
    assert out[20, 30, 0] == 255


def test_a_small_picture_is_enlarged_but_not_without_end() -> None:
    image, scale = fit_long_side(np.zeros((10, 20, 3), np.uint8), 1000)

    assert (image.shape, scale) == ((30, 60, 3), 3.0)


def test_shrinking_leaves_a_small_picture_as_it_is() -> None:
    image = np.zeros((10, 20, 3), np.uint8)

    assert shrink(image, 100)[0] is image
    assert shrink(image, 10)[0].shape == (5, 10, 3)


def test_words_stay_inside_the_picture() -> None:
    for box in ((80, 0, 99, 40), (-30, -30, 20, 20), (90, 90, 140, 140)):
        out = draw_marks(np.zeros((100, 100, 3), np.uint8), [Mark(box, RED, "Hund für drei")])
        assert (out == np.array(RED)).all(axis=-1).sum() > 300


def test_a_jpeg_shows_the_same_colours() -> None:
    image = np.full((16, 16, 3), RED, np.uint8)
    back = cv2.imdecode(np.frombuffer(encode_jpeg(image), np.uint8), cv2.IMREAD_COLOR)

    assert back is not None
    assert back[8, 8, 2] > 240
    assert back[8, 8, 0] < 15


def test_classes_have_colours_of_their_own() -> None:
    assert len({class_colour(number) for number in range(10)}) == 10
    assert class_colour(12) == class_colour(2)
