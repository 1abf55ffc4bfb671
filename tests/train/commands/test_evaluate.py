"""`train evaluate`: figures for programs and people, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from tests.train.console import SIDE, call, make_data


def test_json_has_the_scores_and_their_conditions(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("evaluate", "--weights", finished / "best.pt", "--data", data, "--json") == 0
    found = json.loads(capsys.readouterr().out)

    assert 0 <= found["ap"] <= found["ap50"] <= 1
    assert (found["images"], found["labels"], found["split"]) == (6, 6, "val")
    assert found["input_hw"] == [SIDE, SIDE]
    assert (found["score_threshold"], found["iou_threshold"]) == (0.001, 0.45)


def test_a_bundle_scores_as_its_checkpoint_does(
    finished: Path, exported: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ap50(weights: Path) -> float:
        assert call("evaluate", "--weights", weights, "--data", data, "--json") == 0
        return float(json.loads(capsys.readouterr().out)["ap50"])

    # float16 weights in both; after one epoch scores lie so close that ranks may change places
    assert ap50(exported) == pytest.approx(ap50(finished / "best.pt"), abs=0.02)


def test_json_names_both_methods_and_everything_else(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--weights", finished / "best.pt", "--data", data, "--json")
    assert call("evaluate", *arguments) == 0
    coco = json.loads(capsys.readouterr().out)
    assert call("evaluate", *arguments, "--method", "trapezoid") == 0
    original = json.loads(capsys.readouterr().out)

    assert (coco["ap50"], coco["ap"]) == (coco["coco"]["ap50"], coco["coco"]["ap"])
    assert (original["ap50"], original["ap"]) == tuple(original["trapezoid"].values())
    assert coco["coco"] == original["coco"]
    assert {"errors", "calibration", "confusion_matrix", "operating_points"} <= set(coco)
    assert coco["machine"]
    assert coco["threads"] >= 1
    assert coco["images_per_s"] > 0


def test_a_graph_scores_as_its_bundle_does(
    exported: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = Path(shutil.copy(exported / "model.onnx", tmp_path / "alone.onnx"))

    def ap50(weights: Path) -> object:
        assert call("evaluate", "--weights", weights, "--data", data, "--json") == 0
        found = json.loads(capsys.readouterr().out)
        return found["ap50"], found["iou_threshold"]

    assert ap50(alone) == ap50(exported) == ap50(exported / "model.onnx")


def test_rectangles_are_asked_of_a_checkpoint(
    finished: Path, exported: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--data", data, "--shape", "rect", "--json")
    assert call("evaluate", "--weights", finished / "best.pt", *arguments) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == "rect"

    assert call("evaluate", "--weights", exported, *arguments) == 2
    assert "takes pictures of one shape" in " ".join(capsys.readouterr().err.split())


def test_a_higher_score_threshold_finds_less(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--weights", finished / "best.pt", "--data", data, "--score-threshold", 0.9)
    assert call("evaluate", *arguments, "--json") == 0
    found = json.loads(capsys.readouterr().out)

    assert (found["score_threshold"], found["detections"]) == (0.9, 0)


def test_a_page_is_written(finished: Path, data: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    arguments = ("--weights", finished / "best.pt", "--data", data, "--report", page)

    assert call("evaluate", *arguments) == 0
    assert "Errors by cost" in page.read_text(encoding="utf-8")


def test_people_get_a_table(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    arguments = ("--weights", finished / "best.pt", "--data", data, "--method", "trapezoid")

    assert call("evaluate", *arguments) == 0
    text = capsys.readouterr().out
    assert "AP@50:95" in text
    assert "square" in text
    assert "trapezoid AP" in " ".join(text.split())


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--split", "test"), 1, "split 'test' is not there; found ['train', 'val']"),
        (("--method", "voc"), 2, "--method voc: expected one of coco, trapezoid"),
        (("--backend", "abacus"), 2, "--backend abacus: expected one of auto, onnxruntime"),
        (("--image-size", 50), 2, "--image-size 50: expected a multiple of 32"),
        (("--iou-threshold", 1.5), 2, "--iou-threshold"),
        (("--shape", "round"), 2, "--shape round: expected one of fixed, rect"),
        (("--report", "no/where.html"), 2, "--report no/where.html: there is no folder"),
        (("--device", "gpu"), 2, "device 'gpu' is not one that torch knows"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_nonsense_is_refused(
    finished: Path,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    assert call("evaluate", "--weights", finished / "best.pt", "--data", data, *options) == code
    output = capsys.readouterr()
    assert told in " ".join(output.err.split())
    assert output.out == ""


def test_weights_of_other_class_names_are_refused(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "data", ("circle",))

    assert call("evaluate", "--weights", finished / "best.pt", "--data", data) == 1
    assert "knows the classes ['square']" in capsys.readouterr().err
