"""Copy-paste: what is pasted lies under its new box, and nothing else is lost."""

import numpy as np
import pytest
from numpy.random import default_rng

from train.data.paste import paste_objects
from train.data.picture import Picture


def picture(value: int, boxes: list[list[float]]) -> Picture:
    image = np.full((120, 160, 3), value, dtype=np.uint8)
    array = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    return Picture(image, array, np.arange(len(boxes), dtype=np.int64))


@pytest.mark.parametrize("seed", range(10))
def test_pasted_objects_lie_under_their_boxes(seed: int) -> None:
    pasted = paste_objects(picture(0, []), picture(200, [[20, 30, 50, 80]]), default_rng(seed))
    assert 1 <= len(pasted.boxes_xyxy) <= 4
    for x1, y1, x2, y2 in pasted.boxes_xyxy.astype(int):
        assert pasted.image_hwc[(y1 + y2) // 2, (x1 + x2) // 2, 0] > 150
    assert (pasted.boxes_xyxy >= 0).all()
    assert (pasted.boxes_xyxy <= [160, 120, 160, 120]).all()


def test_corners_keep_the_old_ground() -> None:
    pasted = paste_objects(picture(0, []), picture(200, [[20, 30, 60, 80]]), default_rng(1))
    x1, y1 = pasted.boxes_xyxy[0, :2].astype(int)
    assert pasted.image_hwc[y1, x1, 0] == 0


@pytest.mark.parametrize("seed", range(10))
def test_objects_that_are_there_are_not_covered(seed: int) -> None:
    before = picture(0, [[10, 10, 150, 110]])
    pasted = paste_objects(before, picture(200, [[20, 30, 100, 110]]), default_rng(seed))
    covered = (pasted.image_hwc[10:110, 10:150, 0] > 100).mean()
    assert covered < 0.9
    assert pasted.boxes_xyxy[0].tolist() == [10, 10, 150, 110]


def test_takes_the_class_of_the_object_and_leaves_the_inputs() -> None:
    ground, donor = picture(0, []), picture(200, [[20, 30, 50, 80], [80, 30, 110, 80]])
    pasted = paste_objects(ground, donor, default_rng(4))
    assert set(pasted.class_ids.tolist()) <= {0, 1}
    assert ground.image_hwc.max() == 0
    assert len(ground.boxes_xyxy) == 0


def test_without_donors_nothing_changes() -> None:
    ground = picture(9, [[1, 1, 20, 20]])
    assert paste_objects(ground, picture(0, []), default_rng(0)) is ground


def test_every_class_of_the_donor_is_as_likely_as_the_others() -> None:
    places = [[x, y, x + 28.0, y + 36] for y in (2, 41, 80) for x in (2.0, 33, 64, 95, 126)]
    crowd = picture(200, places)
    donor = Picture(crowd.image_hwc, crowd.boxes_xyxy, np.array([0] * 14 + [1], dtype=np.int64))
    pasted = [paste_objects(picture(0, []), donor, default_rng(seed)) for seed in range(100)]
    rare = np.concatenate([each.class_ids for each in pasted]).mean()
    assert 0.4 < rare < 0.6


def test_objects_are_scaled_with_the_picture() -> None:
    donor = picture(200, [[20, 30, 50, 80]])

    def heights(scale: float) -> np.ndarray:
        pasted = [
            paste_objects(picture(0, []), donor, default_rng(seed), scale=scale).boxes_xyxy
            for seed in range(30)
        ]
        boxes = np.concatenate(pasted)
        return np.asarray(boxes[:, 3] - boxes[:, 1])

    assert 30 <= heights(1.0).min() <= heights(1.0).max() <= 110
    assert 15 <= heights(0.5).min() <= heights(0.5).max() <= 55


def test_with_a_backdrop_only_the_object_moves() -> None:
    backdrop = np.full((120, 160, 3), 80, dtype=np.uint8)
    image = backdrop.copy()
    image[40:70, 30:40] = 255
    donor = Picture(
        image, np.array([[20, 30, 50, 80]], dtype=np.float32), np.zeros(1, dtype=np.int64)
    )
    pasted = paste_objects(picture(0, []), donor, default_rng(0), backdrop)
    assert len(pasted.boxes_xyxy)
    grey = (pasted.image_hwc > 60) & (pasted.image_hwc < 100)
    assert pasted.image_hwc.max() > 200
    assert grey.mean() < 0.01


@pytest.mark.parametrize("seed", range(20))
def test_objects_that_overlap_move_together(seed: int) -> None:
    pair = picture(200, [[20, 30, 50, 80], [30, 30, 60, 80], [100, 30, 120, 80]])
    pasted = paste_objects(picture(0, []), pair, default_rng(seed))
    boxes = {number: pasted.boxes_xyxy[pasted.class_ids == number] for number in range(3)}
    assert len(boxes[0]) == len(boxes[1])
    for one, other in zip(boxes[0], boxes[1], strict=True):
        width = one[2] - one[0]
        assert other[1::2] == pytest.approx(one[1::2], abs=0.6)
        # a third of their width apart, to one side or, mirrored, to the other
        assert abs(other[0] - one[0]) == pytest.approx(width / 3, abs=1.1)
        x, y = ((one + other) / 2).reshape(2, 2).mean(axis=0).astype(int)
        assert pasted.image_hwc[y, x, 0] > 150


def test_neighbours_that_hardly_touch_stay_where_they_are() -> None:
    beside = picture(200, [[20, 30, 50, 80], [48, 30, 78, 80]])
    counts = {
        len(paste_objects(picture(0, []), beside, default_rng(s)).boxes_xyxy) for s in range(40)
    }
    assert 1 in counts
