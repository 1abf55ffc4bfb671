"""The shipped model and real pictures: what INT8 costs it, and sets that are wrong on purpose."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.errors import DataError
from tests.train.console import call
from train.data.dataset import Sample, read_data_yaml
from train.export import bundle
from train.quantize.choosing import choose_pictures
from train.quantize.progress import silent
from train.quantize.source import FloatModel, Wishes, open_source

pytestmark = [pytest.mark.realdata, pytest.mark.timeout(300)]

PERSON = Path(__file__).resolve().parents[3] / "models" / "person"


@pytest.fixture(scope="module")
def pets(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `data.yaml` of ten frames to calibrate with, and ten to score on."""
    out = tmp_path_factory.mktemp("pets")
    files = test_data / "pets09"
    code = call(
        *("ingest", "mot", "--video", files / "vtest.avi", "--out", out),
        *("--gt", files / "gt_frames_0001_0600.txt"),
        *("--split", "train=1-500/50", "--split", "val=501-600/10", "--class-name", "person"),
    )
    assert code == 0
    return out / "data.yaml"


@pytest.fixture(scope="module")
def model() -> Iterator[FloatModel]:
    """The shipped model in float, whatever it is shipped as."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle, "check_parity", lambda *_: ())  # has its own tests
        with open_source(PERSON, Wishes("person")) as source:
            yield source


def test_sound_pictures_are_taken(model: FloatModel, pets: Path) -> None:
    spec = read_data_yaml(pets)
    train = spec.samples("train")
    assert choose_pictures(model.bundle, train, spec.samples("val"), 512, silent) == train


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda image: image[..., ::-1], "saved in the wrong channel order"),
        (lambda image: (image.astype(np.float32) / 255).round(), "divided by 255"),
        (lambda image: 255 - image, "not what it was trained on"),
        (lambda image: cv2.resize(image, (96, 72)), "96 px on their long side"),
    ],
    ids=["bgr", "range", "negative", "size"],
)
def test_a_set_that_is_wrong_is_refused(
    model: FloatModel,
    pets: Path,
    tmp_path: Path,
    spoil: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    told: str,
) -> None:
    spec = read_data_yaml(pets)
    spoilt = []
    for sample in spec.samples("train"):
        path = tmp_path / f"{sample.path.stem}.png"
        image_rgb = np.asarray(spoil(sample.load()), dtype=np.uint8)
        cv2.imwrite(str(path), np.ascontiguousarray(image_rgb[..., ::-1]))
        spoilt.append(Sample(path, sample.labels))
    with pytest.raises(DataError, match=told):
        choose_pictures(model.bundle, spoilt, spec.samples("val"), 512, silent)


def test_int8_keeps_what_float_scores(
    model: FloatModel, pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten pictures are few on both sides, so 3 points are let go; 17 were lost once."""
    options = ("--weights", model.bundle.folder, "--data", pets, "--out", tmp_path / "int8")
    assert call("quantize", *options, "--budget", 3, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["fp32"]["ap50"] > 0.85
    assert all(one["drop_points"] <= 3 for one in report["backends"].values())
    assert "onnxruntime" in report["backends"]
