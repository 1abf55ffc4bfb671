"""The files of a sample as bytes."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.sample.base import SampleObject
from edgedet.sample.picture import facts_text, jpeg, label_text, objects_of, shrunk
from tests.sample.fakes import CLASSES, proposals, sample


def test_jpeg_keeps_size_and_colours() -> None:
    image = np.full((48, 64, 3), (200, 80, 20), dtype=np.uint8)

    back = cv2.imdecode(np.frombuffer(jpeg(image, 95), np.uint8), cv2.IMREAD_COLOR)

    assert back is not None
    assert np.abs(back[:, :, ::-1].astype(int) - image).max() <= 3


@given(st.lists(st.tuples(*[st.floats(-5, 105, width=32)] * 4), max_size=5))
@settings(max_examples=40, deadline=None)
def test_label_rows_lie_in_the_picture(corners: list[tuple[float, ...]]) -> None:
    rows = [(min(a, c), min(b, d), max(a, c), max(b, d), 0.5, 1) for a, b, c, d in corners]
    objects = objects_of(proposals(*rows), CLASSES, (100, 100))

    for text, row in zip(label_text(objects).splitlines(), rows, strict=True):
        class_id, x, y, width, height = (float(number) for number in text.split())
        assert class_id == 1
        expected = [min(max(v, 0), 100) / 100 for v in row[:4]]
        found = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
        assert found == pytest.approx(expected, abs=3e-6)


def test_facts_say_all_that_a_labeller_must_know() -> None:
    objects = (SampleObject(1, "car", 0.5, (0.0, 0.0, 1.0, 0.5)),)
    made = sample(3, objects=objects)

    facts = json.loads(facts_text(made, CLASSES, label_text(objects)))

    assert facts["schema"] == "edgedet.sample/1"
    assert facts["class_names"] == list(CLASSES)
    assert facts["prediction"] == "1 0.500000 0.250000 1.000000 0.500000\n"
    assert facts["objects"] == [{"class": "car", "score": 0.5, "box": [0.0, 0.0, 1.0, 0.5]}]
    assert (facts["source"], facts["why"], facts["sha256"]) == ("gate", made.why, made.sha256)


@pytest.mark.parametrize("to_width", [16, 40, 100, 320])
def test_a_picture_is_shrunk_and_never_enlarged(tmp_path: Path, to_width: int) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(jpeg(np.full((150, 200, 3), (200, 80, 20), dtype=np.uint8), 95))

    data = shrunk(path, 200, to_width)

    assert data is not None
    back = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert back is not None
    width = min(to_width, 200)
    assert back.shape[:2] == (width * 3 // 4, width)
    assert np.abs(back[:, :, ::-1].astype(int) - (200, 80, 20)).max() <= 4
    assert (data == path.read_bytes()) is (to_width >= 200)


def test_a_picture_that_is_gone_or_broken_is_none(tmp_path: Path) -> None:
    assert shrunk(tmp_path / "nowhere.jpg", 200, 100) is None
    for content in (b"", b"no picture"):
        (tmp_path / "broken.jpg").write_bytes(content)
        assert shrunk(tmp_path / "broken.jpg", 200, 100) is None
