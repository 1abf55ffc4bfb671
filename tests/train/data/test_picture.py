"""A picture and its labels."""

import numpy as np

from train.data.picture import Picture


def test_labels_survive_the_round_trip() -> None:
    labels = np.array([[3, 0.25, 0.5, 0.1, 0.2]], dtype=np.float32)

    picture = Picture.from_labels(np.zeros((50, 200, 3), dtype=np.uint8), labels)

    assert picture.size_hw == (50, 200)
    assert np.allclose(picture.boxes_xyxy, [[40, 20, 60, 30]])
    assert np.allclose(picture.to_labels(), labels, atol=1e-6)


def test_other_colours_keep_the_objects() -> None:
    labels = np.array([[1, 0.5, 0.5, 0.5, 0.5]], dtype=np.float32)
    dark = Picture.from_labels(np.zeros((8, 8, 3), dtype=np.uint8), labels)

    bright = dark.with_image(np.full((8, 8, 3), 255, dtype=np.uint8))

    assert bright.boxes_xyxy is dark.boxes_xyxy
    assert bright.class_ids is dark.class_ids
    assert bright.image_hwc.min() == 255
