"""The pictures that differ most, better and worse, and none that does not."""

import base64
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edgedet.detections import Detections
from tests.train.quantize.settings import NAMES
from tests.train.refresh.camera import squares
from train.data.dataset import read_data_yaml
from train.evaluate import PictureResult
from train.refresh.gallery import PAIRS, find_differences


def results(folder: Path, count: int) -> list[PictureResult]:
    """Pictures whose object is found exactly."""
    data = squares(folder, "val", count, 2, names=NAMES)
    found = []
    for sample in read_data_yaml(data).samples("val"):
        _, x, y, w, h = (sample.labels[0] * 64).tolist()
        box = np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]], dtype=np.float32)
        ids = np.zeros(1, dtype=np.int32)
        right = Detections(box, np.array([0.9], dtype=np.float32), ids)
        found.append(PictureResult(sample, right, box, ids))
    return found


def without(result: PictureResult) -> PictureResult:
    nothing = Detections(
        np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32)
    )
    return replace(result, found=nothing)


def test_better_and_worse_pictures_are_drawn_side_by_side(tmp_path: Path) -> None:
    whole = results(tmp_path / "set", 8)
    old = [without(one) if place < 6 else one for place, one in enumerate(whole)]
    new = [without(one) if place == 7 else one for place, one in enumerate(whole)]

    found = find_differences(old, new, (0.25, 0.25), NAMES)

    assert len(found.better) == PAIRS
    assert [one.name for one in found.worse] == [whole[7].sample.path.name]
    assert found.worse[0].caption == "missed 0, now 1; wrong 0, now 0; 1 objects"
    for address in (found.worse[0].old, found.worse[0].new):
        data = np.frombuffer(base64.b64decode(address.split(",")[1]), dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape == (64, 64, 3)


def test_each_model_is_shown_at_its_own_threshold(tmp_path: Path) -> None:
    whole = results(tmp_path / "set", 2)

    assert len(find_differences(whole, whole, (0.95, 0.25), NAMES).better) == 2
    same = find_differences(whole, whole, (0.25, 0.25), NAMES)
    assert (same.better, same.worse) == ((), ())
