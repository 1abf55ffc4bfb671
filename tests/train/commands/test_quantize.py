"""`train quantize`: what a person sees, and which exit code."""

import json
from pathlib import Path

import pytest

from edgedet.manifest import read_bundle, verify_bundle
from tests.train.console import call
from tests.train.quantize.settings import float_bundle, squares


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set in `data` and a bundle in `float`."""
    folder = tmp_path_factory.mktemp("quantize")
    float_bundle(folder / "float")
    squares(folder / "data")
    return folder


def _arguments(place: Path, out: Path, *more: object) -> list[object]:
    data = place / "data" / "data.yaml"
    return [
        "quantize",
        *("--weights", place / "float", "--data", data, "--out", out),
        *("--backend", "onnxruntime", *more),
    ]


def test_tables_for_a_person(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "int8"
    assert call(*_arguments(place, out, "--budget", 100)) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "onnxruntime" in told
    assert "54 convolutions in INT8, 4 in float: head.convolutions.0, head.convolutions.1" in told
    assert "network.model.0.conv: first convolution" in told
    assert f"{out}: int8 version 3, INT8, model.onnx" in told
    verify_bundle(read_bundle(out))


def test_json_for_a_program(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--budget", 100, "--json", "--calibrator", "percentile", "--percentile", 99.9)
    assert call(*_arguments(place, tmp_path / "b", *options)) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["calibration"]["percentile"] == 99.9
    assert report["drop_points"] <= 100


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--calibrator", "entropy"), 2, "--calibrator entropy: expected one of histogram-mse"),
        (("--float-layer", "model.5"), 2, "--float-layer model.5: there is no such convolution"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
        (("--image-size", "100"), 2, "--image-size 100: expected a multiple of 32"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_nonsense_is_refused_and_leaves_nothing(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    assert call(*_arguments(place, tmp_path / "out", *options)) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
