"""`train ingest coco`: instances files become a data set, and nothing is lost in silence."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from tests.train.console import call
from train.data.dataset import read_data_yaml


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve pictures, 64 x 48, in two folders."""
    rng = np.random.default_rng(0)
    for number in range(12):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number:012d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(path), cv2.resize(small, (64, 48), interpolation=cv2.INTER_NEAREST))
    return tmp_path / "photos"


def instances(numbers: range, **changes: object) -> dict[str, object]:
    content: dict[str, object] = {
        "images": [
            {"id": n, "file_name": f"{n:012d}.jpg", "width": 64, "height": 48} for n in numbers
        ],
        "annotations": [
            {"id": n, "image_id": n, "category_id": (90, 3, 17)[n % 3], "bbox": [16, 12, 32, 24]}
            for n in numbers
        ],
        "categories": [
            {"id": 90, "name": "toothbrush"},
            {"id": 3, "name": "car"},
            {"id": 17, "name": "cat"},
        ],
    }
    return content | changes


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_one_file_is_split_and_classes_are_numbered_by_category_id(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "all.json", instances(range(12)))
    for out in ("one", "two"):
        options = ("--annotations", file, "--out", tmp_path / out, "--val-share", 0.25)
        assert call("ingest", "coco", "--images", images, *options) == 0
    one, two = (read_data_yaml(tmp_path / out / "data.yaml") for out in ("one", "two"))

    assert one.class_names == ("car", "cat", "toothbrush")
    assert [len(one.splits[s]) for s in ("train", "val")] == [9, 3]
    assert one.digest() == two.digest()
    for sample in one.samples("train"):
        expected = (2, 0, 1)[int(sample.path.stem) % 3]
        assert sample.labels.tolist() == [[expected, 0.5, 0.5, 0.5, 0.5]]
    told = capsys.readouterr().err
    assert "12 pictures, 12 objects; nothing left out or changed" in told
    assert "split by chance (seed 0, 12 pictures)" in told
    assert "classes: 0 car, 1 cat, 2 toothbrush" in told


def test_a_file_for_each_split(images: Path, tmp_path: Path) -> None:
    train = write(tmp_path / "a.json", instances(range(8)))
    val = write(tmp_path / "b.json", instances(range(8, 12)))
    options = ("--split", f"train={train}", "--split", f"val={val}", "--pictures", "link")

    assert call("ingest", "coco", "--images", images, *options, "--out", tmp_path / "o") == 0
    spec = read_data_yaml(tmp_path / "o" / "data.yaml")
    assert [len(spec.splits[s]) for s in ("train", "val")] == [8, 4]
    assert spec.splits["train"][0].stat().st_nlink == 2


def test_everything_left_out_is_told(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = instances(range(12))
    (images / "a" / "000000000002.jpg").write_bytes(b"broken")
    square = {"counts": [48 * 16 + 12, 24, 24, 24, 48 * 46 - 12], "size": [48, 64]}
    content["images"] = [
        *content["images"],
        {"id": 99, "file_name": "no.jpg", "width": 1, "height": 1},
    ]  # type: ignore[misc]
    content["annotations"] = [
        {"image_id": 0, "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        {"image_id": 1, "category_id": 3, "segmentation": [[8, 6, 24, 6, 24, 30]]},
        {"image_id": 3, "category_id": 3, "segmentation": square},
        {"image_id": 4, "category_id": 3, "bbox": [-4, 0, 16, 24]},
        {"image_id": 4, "category_id": 3, "bbox": [70, 0, 16, 24]},
        {"image_id": 5, "category_id": 3, "bbox": [7, 7, 0, 4]},
        {"image_id": 5, "category_id": 3, "bbox": []},
        {"image_id": 77, "category_id": 3, "bbox": [0, 0, 9, 9]},
    ]
    file = write(tmp_path / "all.json", content)
    options = ("--annotations", file, "--out", tmp_path / "o")

    assert call("ingest", "coco", "--images", images, *options) == 0
    told = capsys.readouterr().err
    for line in (
        "11 pictures, 3 objects",
        "1 crowd annotations left out",
        "1 annotations left out (of a picture that the file does not list)",
        "1 pictures left out (no such file)",
        "1 pictures left out (they cannot be decoded)",
        "2 boxes left out (no size)",
        "1 boxes left out (outside the picture)",
        "1 clipped (boxes across the border)",
        "warning: no object of cat, toothbrush in train",
    ):
        assert line in told
    spec = read_data_yaml(tmp_path / "o" / "data.yaml")
    found = {
        path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "o").rglob("*.txt")
    }
    assert found["000000000001"] == "0 0.250000 0.375000 0.250000 0.500000\n"
    assert found["000000000003"].startswith("0 0.2")
    assert spec.class_names == ("car", "cat", "toothbrush")


def test_the_parent_that_roboflow_adds_is_no_class(images: Path, tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "things", "supercategory": "none"},
        {"id": 1, "name": "car", "supercategory": "things"},
    ]
    annotations = [{"image_id": n, "category_id": 1, "bbox": [1, 1, 9, 9]} for n in range(12)]
    content = instances(range(12), categories=categories, annotations=annotations)
    file = write(tmp_path / "all.json", content)

    options = ("--annotations", file, "--out", tmp_path / "o")
    assert call("ingest", "coco", "--images", images, *options) == 0
    assert read_data_yaml(tmp_path / "o" / "data.yaml").class_names == ("car",)


def test_the_order_of_an_earlier_set_is_kept(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "all.json", instances(range(12)))
    before = tmp_path / "before.yaml"
    before.write_text(yaml.safe_dump({"names": ["cat", "toothbrush"]}), encoding="utf-8")
    options = ("--annotations", file, "--out", tmp_path / "o", "--previous", before)

    assert call("ingest", "coco", "--images", images, *options) == 0
    assert read_data_yaml(tmp_path / "o" / "data.yaml").class_names == ("cat", "toothbrush", "car")
    assert "new: car" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"annotations": None}, "'annotations' must be a list of objects"),
        ({"images": [{"id": 1}, {"id": 1}]}, "'images' has 1 twice"),
        ({"images": [{"id": 1, "file_name": 5}]}, "file_name is 5"),
        ({"images": [{"id": 1, "file_name": "a", "width": 0, "height": 1}]}, "width 0"),
        ({"categories": [{"id": 1}]}, "category 1 has no name"),
        ({"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}, "different names"),
        ({"categories": [{"id": 1, "name": "a"}]}, "category 90 is not among [1]"),
        ({"annotations": []}, "no object is left in 12 pictures"),
        (
            {"annotations": [{"image_id": 1, "category_id": 3, "bbox": [1, 2, "x", 4]}]},
            "annotations[0].bbox is [1, 2, 'x', 4], expected 4 numbers",
        ),
        (
            {"annotations": [{"image_id": 1, "category_id": 3, "segmentation": {"size": 1}}]},
            "annotations[0].segmentation is no mask",
        ),
    ],
)
def test_a_file_of_another_form_is_refused(
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    told: str,
) -> None:
    file = write(tmp_path / "all.json", instances(range(12), **changes))

    options = ("--annotations", file, "--out", tmp_path / "o")
    assert call("ingest", "coco", "--images", images, *options) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_pictures_elsewhere_and_no_json_are_told(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    file = write(tmp_path / "all.json", instances(range(12)))
    options = ("--annotations", file, "--out", tmp_path / "o")
    assert call("ingest", "coco", "--images", tmp_path / "empty", *options) == 1
    assert "none of its 12 pictures is below" in capsys.readouterr().err

    file.write_text("{", encoding="utf-8")
    assert call("ingest", "coco", "--images", images, *options) == 1
    assert "all.json is not JSON" in capsys.readouterr().err


def test_wrong_usage_is_told(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "all.json", instances(range(12)))
    common = ("ingest", "coco", "--images", images, "--out", tmp_path / "o")
    assert call(*common) == 2
    assert call(*common, "--split", "dev=x") == 2
    assert call(*common, "--annotations", file, "--pictures", "move") == 2
    assert "--pictures move: expected one of copy, link" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["image_id", "category_id"])
def test_an_annotation_with_several_ids_is_refused(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    content = instances(range(12))
    odd = {"id": 99, "image_id": 1, "category_id": 3, "bbox": [1, 1, 9, 9]} | {key: [3]}
    content["annotations"] = [*instances(range(12))["annotations"], odd]  # type: ignore[misc]
    file = write(tmp_path / "all.json", content)

    options = ("--annotations", file, "--out", tmp_path / "out")
    assert call("ingest", "coco", "--images", images, *options) == 1
    assert f"annotations[12]: {key} is [3], expected one id" in capsys.readouterr().err
