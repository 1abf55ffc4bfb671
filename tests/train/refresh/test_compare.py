"""Two bundles on the same pictures: by class, by camera, and at the device's threshold."""

import pytest

from edgedet.manifest import Bundle
from tests.train.quantize.settings import NAMES
from tests.train.refresh.camera import squares
from train.data.dataset import read_data_yaml
from train.evaluate.coco import coco_scores
from train.refresh.compare import UNNAMED_CAMERA, Answers, ask, compare


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, deployed: Bundle, candidate: Bundle
) -> tuple[Answers, Answers]:
    data = squares(tmp_path_factory.mktemp("c") / "set", "val", 8, 2, "gate", names=NAMES)
    samples = read_data_yaml(data).samples("val")
    old, new = (ask(each, samples, NAMES, "onnxruntime") for each in (deployed, candidate))
    return old, new


def test_figures_are_those_of_pycocotools(both: tuple[Answers, Answers]) -> None:
    old, new = both
    found = compare("here", old, new, lambda _: "gate")

    assert found.whole.old == pytest.approx(coco_scores(old.results, 2).ap(), abs=1e-9)
    assert found.whole.new == pytest.approx(coco_scores(new.results, 2).ap(), abs=1e-9)
    assert found.ap50.new == pytest.approx(coco_scores(new.results, 2).ap50(), abs=1e-9)
    assert found.ap50.interval is None
    assert (found.whole.pictures, found.whole.objects) == (8, 8)
    assert [line.name for line in found.classes] == ["class-0"]  # the other has no object
    assert found.cameras[0].old == found.whole.old


def test_pictures_are_told_apart_by_their_camera(both: tuple[Answers, Answers]) -> None:
    old, new = both
    first = old.results[0].sample.path

    found = compare("here", old, new, lambda r: "gate" if r.sample.path == first else "")

    assert [(one.name, one.pictures) for one in found.cameras] == [(UNNAMED_CAMERA, 7), ("gate", 1)]
    assert found.cameras[1].interval is None


def test_precision_and_recall_are_those_at_the_threshold(both: tuple[Answers, Answers]) -> None:
    old, new = both
    shown = [one.found.scores >= 0.25 for one in old.results]

    found = compare("here", old, new, lambda _: "")

    assert found.old_at.threshold == 0.25
    right = found.old_at.recall * 8
    assert right == pytest.approx(round(right))
    assert found.old_at.precision == pytest.approx(right / max(sum(s.sum() for s in shown), 1))
