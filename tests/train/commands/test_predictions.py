import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.detections import Detections
from edgedet.errors import UsageError
from train.commands.predictions import PredictionFolder
from train.evaluate.frames import Frame, FrameFiles

FOUND = Detections(
    np.array([[20, 10, 60, 40]], np.float32), np.array([0.75], np.float32), np.array([1], np.int32)
)
NAMES = ("cat", "dog")


def frame(name: str, number: int = 0) -> Frame:
    return Frame(Path(name), number, np.zeros((50, 100, 3), np.uint8))


def pictures(root: Path) -> FrameFiles:
    return FrameFiles(root, (root / "a.png",), None, 1)


def test_a_line_names_the_picture_and_has_boxes_as_shares(tmp_path: Path) -> None:
    with PredictionFolder(tmp_path / "out", pictures(tmp_path), NAMES, draws=False) as folder:
        folder.add(frame("deep/a.png"), FOUND)
        folder.add(frame("b.png"), Detections(*(x[:0] for x in _parts())))
    text = (tmp_path / "out" / "detections.jsonl").read_text(encoding="utf-8")
    first, second = map(json.loads, text.splitlines())

    assert first == {
        "source": "deep/a.png",
        "frame": 0,
        "width": 100,
        "height": 50,
        "objects": [{"class_id": 1, "label": "dog", "score": 0.75, "box": [0.2, 0.2, 0.6, 0.8]}],
    }
    assert second["objects"] == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["detections.jsonl"]


def _parts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return FOUND.boxes_xyxy, FOUND.scores, FOUND.class_ids


def test_pictures_are_drawn_in_their_folders(tmp_path: Path) -> None:
    with PredictionFolder(tmp_path / "out", pictures(tmp_path), NAMES) as folder:
        folder.add(frame("deep/a.png"), FOUND)
        folder.add(frame("deep/a.bmp"), FOUND)
    drawn = cv2.imread(str(tmp_path / "out" / "pictures" / "deep" / "a.png.jpg"))

    assert drawn is not None
    assert drawn.shape == (50, 100, 3)
    assert drawn.max() > 100
    assert (tmp_path / "out" / "pictures" / "deep" / "a.bmp.jpg").is_file()


def test_labels_are_yolo_rows_and_empty_where_nothing_is(tmp_path: Path) -> None:
    with PredictionFolder(
        tmp_path / "out", pictures(tmp_path), NAMES, draws=False, yolo=True
    ) as folder:
        folder.add(frame("a.png"), FOUND)
        folder.add(frame("b.png"), Detections(*(x[:0] for x in _parts())))
    labels = tmp_path / "out" / "labels"

    assert (labels / "a.txt").read_text() == "1 0.400000 0.500000 0.400000 0.600000\n"
    assert (labels / "b.txt").read_text() == ""


def test_a_video_becomes_a_video_and_numbered_labels(tmp_path: Path) -> None:
    source = FrameFiles(tmp_path, (), tmp_path / "v.avi", 2, 10.0)
    with PredictionFolder(tmp_path / "out", source, NAMES, yolo=True) as folder:
        for number in range(2):
            folder.add(frame("v.avi", number), FOUND)
    capture = cv2.VideoCapture(str(tmp_path / "out" / "v.mp4"))
    count = sum(1 for _ in iter(lambda: capture.read()[0], False))  # noqa: FBT003 - its answer
    capture.release()

    assert count == 2
    names = sorted(path.name for path in (tmp_path / "out" / "labels").iterdir())
    assert names == ["v_000000.txt", "v_000001.txt"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("x")
    with (
        pytest.raises(UsageError, match="is not empty"),
        PredictionFolder(tmp_path, pictures(tmp_path), NAMES),
    ):
        pass
