"""`train show` writes what training sees."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.console import SIDE, call, make_data
from train.augmentations import NAMES
from train.commands.show import seen_pictures
from train.config import load_recipe
from train.data.dataset import read_data_yaml
from train.data.loader import TrainingSet
from train.data.store import CachePlan, PictureStore
from train.engine.schedule import Schedule


def test_writes_a_sheet(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "seen.png"
    assert call("show", data, "--out", out, "--image-size", SIDE, "--count", 4) == 0
    sheet = cv2.imread(str(out))
    assert sheet is not None
    assert sheet.shape[:2] == (2 * (SIDE + 6) + 6, 2 * (SIDE + 6) + 6)
    assert "4 pictures with" in capsys.readouterr().err


def test_writes_single_pictures(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen"
    arguments = ("--image-size", SIDE, "--count", 9, "--only", "multi_scale", "--seed", 3)
    assert call("show", data, "--out", out, *arguments) == 0
    pictures = [cv2.imread(str(path)) for path in sorted(out.glob("*.png"))]
    assert len(pictures) == 9
    assert {p.shape[0] for p in pictures if p is not None} <= {32, 64, 96}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_pictures_are_those_of_training(data: Path, share: float) -> None:
    recipe = load_recipe("scratch")
    store = PictureStore(read_data_yaml(data).samples("train"), SIDE, CachePlan("none"))
    plan = Schedule(recipe, 100, 1).epoch_plan(round(share * 99), SIDE)
    dataset = TrainingSet(store, recipe, 5, plan)
    trained_on = [dataset[number] for number in range(len(store))]

    for image, labels in seen_pictures(store, recipe, SIDE, len(store), share, seed=5):
        assert any(
            np.array_equal(image.transpose(2, 0, 1), theirs) and np.allclose(labels, same)
            for theirs, same in trained_on
        )


def test_more_pictures_than_there_are_come_again_otherwise(data: Path) -> None:
    store = PictureStore(read_data_yaml(data).samples("train"), SIDE, CachePlan("none"))
    seen = [image for image, _ in seen_pictures(store, load_recipe("scratch"), SIDE, 12)]
    assert len(seen) == 12
    assert len({image.tobytes() for image in seen}) == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "mosiac"), "--only mosiac: expected one of mosaic"),
        (("--image-size", 50), "--image-size 50: expected a multiple of 32"),
        (("--recipe", "none"), "no recipe 'none'"),
        (("--out", "seen.bmp"), "expected a file that ends with .png or .jpg, or a folder"),
        (("--out", "seen.txt"), "expected a file that ends with .png or .jpg, or a folder"),
    ],
)
def test_nonsense_is_refused(
    data: Path, arguments: tuple[object, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("show", data, "--out", "seen.png", "--image-size", SIDE, *arguments) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_split_that_is_not_there_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", data, "--out", "seen.png", "--split", "test") == 1
    assert "split 'test' is not there" in " ".join(capsys.readouterr().err.split())


def test_help_names_every_augmentation(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("show", "--help") == 0
    said = capsys.readouterr().out
    assert [name for name in NAMES if name not in said] == []


def test_classes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_data(tmp_path, ("cat", "dog"))
    call("show", data, "--out", tmp_path / "a.jpg", "--image-size", SIDE, "--only", "hsv")
    said = " ".join(capsys.readouterr().err.split())
    assert "16 pictures with 16 objects: cat " in said
    assert ", dog " in said
    assert (tmp_path / "a.jpg").stat().st_size > 1000
