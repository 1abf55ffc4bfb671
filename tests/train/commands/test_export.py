"""`train export`: a bundle that the device's own code accepts, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from edgedet.config.model import ModelSettings
from edgedet.detect import create_detector
from edgedet.manifest import read_bundle, verify_bundle
from tests.train.console import SIDE, call


def test_the_device_reads_and_runs_the_bundle(exported: Path) -> None:
    bundle = read_bundle(exported)
    verify_bundle(bundle)
    settings = ModelSettings(bundle=exported, backend="onnxruntime", threads=1)
    detector = create_detector(bundle, settings, 1)
    try:
        candidates = detector.infer(np.full((1, SIDE, SIDE, 3), 114, dtype=np.uint8))
    finally:
        detector.close()

    assert bundle.input_hw == (SIDE, SIDE)
    assert candidates.shape == (1, bundle.manifest.output.count, 7)
    assert np.isfinite(candidates).all()


def test_the_manifest_says_where_it_comes_from(exported: Path, finished: Path) -> None:
    manifest = read_bundle(exported).manifest
    training = manifest.training
    report = json.loads((exported / "report.json").read_text(encoding="utf-8"))

    assert (manifest.name, manifest.class_names) == ("one-bundle", ["square"])
    assert training is not None
    assert (training.recipe, training.note, training.epochs) == ("finetune", "tiny", 1)
    assert training.ap50 == pytest.approx(report["ap50"])
    assert training.data_id is not None
    assert (finished / "best.pt").is_file()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--image-size", 100), 2, "--image-size 100: expected a multiple of 32"),
        (("--image-size", 0), 2, "--image-size 0: expected a multiple of 32"),
        (("--name", "Not A Name"), 1, "cannot write a manifest with name 'Not A Name'"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
        (("--data", "nowhere.yaml"), 1, "cannot read data set description nowhere.yaml"),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else "",
)
def test_nonsense_is_refused_and_leaves_nothing(
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    out = tmp_path / "bundle"

    assert call("export", "--weights", finished / "best.pt", "--out", out, *options) == code
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_is_left_alone(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "holiday.jpg").touch()

    assert call("export", "--weights", finished / "best.pt", "--out", tmp_path) == 1
    assert "is no model bundle; choose another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]
