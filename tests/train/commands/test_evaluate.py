"""`train evaluate`: figures for programs and people, and what is refused."""

import json
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
