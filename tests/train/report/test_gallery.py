import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.detections import Detections
from train.data.dataset import Sample
from train.evaluate import PictureResult
from train.report.gallery import MISSED, SHOTS, WRONG, Shot, make_gallery

BOX, FAR = [20.0, 30.0, 80.0, 90.0], [120.0, 120.0, 180.0, 180.0]


def result(
    folder: Path, name: str, found: list[tuple[list[float], float]], truth: list[list[float]]
) -> PictureResult:
    path = folder / name
    cv2.imwrite(str(path), np.zeros((200, 200, 3), np.uint8))
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], np.float32)
    return PictureResult(
        Sample(path, np.zeros((0, 5), np.float32)),
        Detections(boxes, scores, np.zeros(len(found), np.int32)),
        np.array(truth, np.float32).reshape(-1, 4),
        np.zeros(len(truth), np.int32),
    )


def pixels(shot: Shot) -> NDArray[np.int16]:
    data = np.frombuffer(base64.b64decode(shot.address.partition(",")[2]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1].astype(np.int16)


def has(shot: Shot, colour: tuple[int, int, int]) -> bool:
    """Whether a line of a colour is in the picture; JPEG blurs it."""
    far = np.abs(pixels(shot) - np.array(colour)).sum(axis=-1)
    return int((far < 50).sum()) > 100


def test_a_mistake_is_drawn_in_red_and_a_miss_in_orange(tmp_path: Path) -> None:
    gallery = make_gallery([result(tmp_path, "a.png", [(BOX, 0.9)], [FAR])], 0.5, ["cat"])
    (alarm,), (miss,) = gallery.by_kind["background"], gallery.by_kind["missed"]

    assert (alarm.caption, miss.caption) == ("1 background", "1 missed")
    assert has(alarm, WRONG)
    assert not has(alarm, MISSED)
    assert has(miss, MISSED)
    assert not has(miss, WRONG)
    assert gallery.worst[0].caption == "1 missed, 1 background"
    assert has(gallery.worst[0], WRONG)
    assert has(gallery.worst[0], MISSED)


def test_a_small_mistake_is_shown_from_near(tmp_path: Path) -> None:
    small = [90.0, 90.0, 100.0, 100.0]
    gallery = make_gallery([result(tmp_path, "a.png", [(small, 0.9)], [])], 0.5, ["cat"])
    image = pixels(gallery.by_kind["background"][0])

    # 0.4 of 200 px, three times as large; the box becomes 30 px
    assert image.shape[:2] == (240, 240)
    far = np.abs(image - np.array(WRONG)).sum(axis=-1)
    columns = np.flatnonzero((far < 90).any(axis=0))
    assert columns.min() == pytest.approx((90 - 55) * 3, abs=4)


def test_the_surest_false_alarm_comes_first_and_right_ones_not_at_all(tmp_path: Path) -> None:
    results = [result(tmp_path, f"{n}.png", [(BOX, 0.5 + n / 20)], []) for n in range(6)]
    results.append(result(tmp_path, "right.png", [(BOX, 0.99)], [BOX]))
    gallery = make_gallery(results, 0.5, ["cat"])

    assert [shot.name for shot in gallery.by_kind["background"]] == ["5.png", "4.png", "3.png"]
    assert len(gallery.by_kind["background"]) == SHOTS
    assert "right.png" not in [shot.name for shot in gallery.worst]
    assert gallery.by_kind["doubled"] == ()


def test_scores_below_the_operating_one_are_no_mistakes(tmp_path: Path) -> None:
    gallery = make_gallery([result(tmp_path, "a.png", [(BOX, 0.4)], [])], 0.5, ["cat"])

    assert gallery.worst == ()
