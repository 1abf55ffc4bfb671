import json

import pytest

from tests.train.evaluate.pictures import random_scenes, scene
from train.evaluate.assessment import assess

BOX, FAR = [0.0, 0.0, 50.0, 50.0], [200.0, 200.0, 250.0, 250.0]


def test_both_methods_have_their_names() -> None:
    found = assess([scene([(BOX, 0.9, 0)], [(BOX, 0), (FAR, 0)])], ["a"])

    assert found.scores("coco")[0] == pytest.approx(51 / 101)
    assert found.scores("trapezoid")[0] == pytest.approx(0.505)
    assert (found.coco.ap50(), found.trapezoid_ap50) == (
        found.scores("coco")[0],
        found.scores("trapezoid")[0],
    )


def test_sizes_and_classes_are_listed() -> None:
    found = assess([scene([(BOX, 0.9, 1)], [(BOX, 1)])], ["a", "b"])

    assert [(one.size, one.labels) for one in found.by_size] == [
        ("all", 1),
        ("small", 0),
        ("medium", 1),
        ("large", 0),
    ]
    (only,) = found.by_class
    assert (only.name, only.ap_small) == ("b", None)
    assert only.ap_medium == pytest.approx(1)


def test_pictures_without_labels_are_in_the_matrix() -> None:
    found = assess([scene([(BOX, 0.9, 0)], [])], ["a"])

    assert found.confusion.matrix.tolist() == [[0, 1], [0, 0]]


def test_json_is_plain_and_finite() -> None:
    text = json.dumps(assess(random_scenes(1, 10, 3), ["a", "b", "c"]).to_json(), allow_nan=False)
    found = json.loads(text)

    assert set(found) == {
        "coco",
        "trapezoid",
        "confusion_matrix",
        "errors",
        "calibration",
        "operating_points",
        "wanted_precisions",
    }
    assert found["coco"]["max_detections"] == 300
    assert len(found["confusion_matrix"]["counts"]) == 4


def test_nothing_found_and_nothing_there() -> None:
    found = assess([scene([], [])], ["a"])

    assert found.scores("coco") == (0, 0)
    assert json.dumps(found.to_json(), allow_nan=False)
