"""The end of a refresh: a model that is better becomes the bundle, with a page that says why.

Which of two random networks is better is decided by labels that are made of what one of them sees.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from edgedet.manifest import Bundle, read_bundle, verify_bundle
from tests.train.quantize.settings import NAMES
from tests.train.refresh.camera import squares
from train.data.dataset import read_data_yaml
from train.data.description import label_path
from train.data.labels import format_labels
from train.refresh.compare import ask
from train.refresh.gathering import merged_yaml, scored_yaml
from train.refresh.options import NewLabels, RefreshOptions
from train.refresh.outcome import Candidate, conclude

SMALLEST = 0.05
FACTS: dict[str, dict[str, object]] = {
    "labels": {"pictures": 4, "objects": 4, "how": "by time", "left_out_or_changed": {"odd": 1}},
    "merge": {
        "pictures": {"previous": 2, "train": 4},
        "of_new": {"left out (<b>)": 2},
        "of_previous": {},
        "learned": 3,
        "written": {},
        "left_out": ["a.jpg"],
        "merged_id": "ab",
        "frozen_id": "cd",
    },
    "check": {"findings": [{"severity": "warning", "title": "thin boxes", "count": 3}]},
    "fit": {"pictures": 4, "epochs": 2, "recipe": "finetune-small"},
}


def label_as_seen(data_yaml: Path, split: str, by: Bundle) -> None:
    """Make the five best detections of a bundle the truth of its pictures."""
    spec = read_data_yaml(data_yaml)
    answers = ask(by, spec.samples(split), spec.class_names, "onnxruntime")
    for result in answers.results:
        height, width = result.sample.load().shape[:2]
        boxes, ids = result.found.boxes_xyxy, result.found.class_ids
        rows = []
        for box, class_id in zip(boxes, ids, strict=True):
            x1, x2 = (min(max(float(x) / width, 0.0), 1.0) for x in box[[0, 2]])
            y1, y2 = (min(max(float(y) / height, 0.0), 1.0) for y in box[[1, 3]])
            if min(x2 - x1, y2 - y1) > SMALLEST:
                rows.append([int(class_id), (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1])
        text = format_labels(np.array(rows[:5], dtype=np.float32))
        label_path(result.sample.path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, candidate: Bundle) -> Path:
    """The folder of a refresh before its last step; labels as the candidate sees things."""
    tmp_path = tmp_path_factory.mktemp("begun")
    squares(tmp_path / "merged", "test", 4, seed=1, source_id="gate", names=NAMES)
    squares(tmp_path / "frozen", "val", 6, seed=2, source_id="yard", names=NAMES)
    content = {"val": "frozen/images/val", "names": list(NAMES)}
    scored_yaml(tmp_path).write_text(yaml.safe_dump(content), encoding="utf-8")
    label_as_seen(scored_yaml(tmp_path), "val", candidate)
    label_as_seen(merged_yaml(tmp_path), "test", candidate)
    return tmp_path


def run(out: Path, deployed: Bundle, new: Bundle, gate: str = "") -> dict[str, object]:
    asked = RefreshOptions(
        deployed.folder, NewLabels(), out / "frozen.yaml", out, backend="onnxruntime"
    )
    return conclude(asked, out, Candidate(deployed, new), FACTS, gate)


@pytest.fixture(scope="module")
def accepted(begun: Path, deployed: Bundle, candidate: Bundle) -> Path:
    """That folder when the candidate has been accepted."""
    out = begun.parent / "accepted"
    shutil.copytree(begun, out)
    assert run(out, deployed, candidate)["accepted"] is True
    return out


@pytest.fixture
def out(begun: Path, tmp_path: Path) -> Path:
    """That folder, for a test of its own."""
    return Path(shutil.copytree(begun, tmp_path / "out"))


def test_a_better_model_becomes_the_bundle(accepted: Path) -> None:
    bundle = read_bundle(accepted / "bundle")
    verify_bundle(bundle)
    report = json.loads((accepted / "report.json").read_text(encoding="utf-8"))
    assert report["schema"] == "edgedet.refresh/1"
    assert (
        "3 training pictures of the previous set are in the frozen test set"
        in report["remarks"][-1]
    )
    line = report["frozen_test_set"]["ap"]
    assert line["new"] > line["old"] + 0.3
    assert line["interval_points"][0] > 0
    assert [one["name"] for one in report["frozen_test_set"]["cameras"]] == ["yard"]
    assert [one["name"] for one in report["newest_frames"]["cameras"]] == ["gate"]
    assert bundle.manifest.training is not None
    assert bundle.manifest.training.ap == pytest.approx(line["new"], abs=1e-6)
    assert json.loads((bundle.folder / "report.json").read_text("utf-8"))["images"] == 6


def test_the_page_says_it_first_and_is_whole(accepted: Path) -> None:
    page = (accepted / "report.html").read_text(encoding="utf-8")
    parts = ["Accepted: the new", 'id="set1"', "by camera", 'id="set2"', 'id="merged"']
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    assert "left out (&lt;b&gt;)" in page
    assert "data:image/jpeg;base64," in page
    assert re.search("Where (the new model makes fewer|it makes more)", page)
    assert 'src="http' not in page


def test_a_worse_model_leaves_no_bundle(out: Path, deployed: Bundle, candidate: Bundle) -> None:
    found = run(out, candidate, deployed)

    assert found["accepted"] is False
    assert "worse, by more than the tolerance" in str(found["reasons"])
    assert not (out / "bundle").exists()
    assert "Refused: the deployed model stays" in (out / "report.html").read_text("utf-8")


def test_what_the_gate_refused_is_refused(out: Path, deployed: Bundle, candidate: Bundle) -> None:
    found = run(out, deployed, candidate, "INT8 loses 2.00 points")

    assert (found["accepted"], found["reasons"]) == (False, ["INT8 loses 2.00 points"])
    assert not (out / "bundle").exists()
