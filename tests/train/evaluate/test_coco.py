import numpy as np
import pytest

from edgedet.detections import Detections
from tests.train.evaluate.pictures import Scene, random_scene, random_scenes, scene
from train.evaluate import average_precision, match_detections
from train.evaluate.coco import coco_scores

SMALL, LARGE = [0.0, 0.0, 20.0, 20.0], [100.0, 100.0, 300.0, 300.0]


def ours(scenes: list[Scene]) -> tuple[list[int], np.ndarray]:
    hits = [match_detections(s.found, s.truth_xyxy, s.truth_classes) for s in scenes]
    out = average_precision(
        np.concatenate(hits),
        np.concatenate([s.found.scores for s in scenes]),
        np.concatenate([s.found.class_ids for s in scenes]),
        np.concatenate([s.truth_classes for s in scenes]),
    )
    return out.classes.tolist(), out.per_class


@pytest.mark.parametrize("seed", range(10))
def test_equals_our_own_with_ties_classes_and_empty_pictures(seed: int) -> None:
    scenes = [*random_scenes(seed, 25, 4), scene([], []), scene([(SMALL, 0.5, 1)], [])]
    classes, per_class = ours(scenes)
    scores = coco_scores(scenes, 4)

    np.testing.assert_allclose(scores.per_class[classes, 0], per_class, atol=1e-9)
    assert scores.ap() == pytest.approx(per_class.mean(), abs=1e-9)
    assert scores.ap50() == pytest.approx(per_class[:, 0].mean(), abs=1e-9)
    assert scores.ap75() == pytest.approx(per_class[:, 5].mean(), abs=1e-9)


def test_more_than_a_hundred_detections_count() -> None:
    rng = np.random.default_rng(3)
    crowd = random_scene(rng, 1, truths=6, detections=1)
    far = np.tile(np.array([400, 400, 420, 420], np.float32), (150, 1))
    scores = np.linspace(0.9, 0.5, 150, dtype=np.float32)
    found = Detections(
        np.concatenate([far, crowd.truth_xyxy]),
        np.concatenate([scores, np.full(len(crowd.truth_xyxy), 0.1, np.float32)]),
        np.zeros(150 + len(crowd.truth_xyxy), np.int32),
    )
    late = Scene(found, crowd.truth_xyxy, crowd.truth_classes)
    _, per_class = ours([late])

    assert len(crowd.truth_xyxy) > 0
    assert coco_scores([late], 1).ap() == pytest.approx(per_class.mean(), abs=1e-9)
    assert coco_scores([late], 1, max_detections=100).ap() == 0


def test_sizes_are_told_apart() -> None:
    one = scene([(SMALL, 0.9, 0)], [(SMALL, 0), (LARGE, 0)])
    scores = coco_scores([one], 1)

    assert scores.ap("small") == pytest.approx(1)
    assert scores.ap("large") == 0
    assert scores.ap("medium") is None
    assert scores.labels.tolist() == [[2, 1, 0, 1]]


def test_a_class_without_truths_has_no_score() -> None:
    scores = coco_scores([scene([(SMALL, 0.9, 1)], [(SMALL, 0)])], 2)

    assert scores.ap(class_id=0) == 0
    assert scores.ap(class_id=1) is None
    assert scores.ap() == 0


def test_nothing_found_and_nothing_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert coco_scores([scene([], [(SMALL, 0)])], 1).ap() == 0
    assert coco_scores([scene([], [])], 1).ap() is None
    assert capsys.readouterr().out == ""
