"""A set with one of every fault: each is found, at its place, and nothing else is."""

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.train.data.audit.spoiled import GOOD, make_set, picture, save, spoil
from train.data.audit import Audit, audit
from train.data.audit.findings import KINDS


def kinds(report: Audit) -> dict[str, int]:
    return {found.kind: len(found.places) for found in report.findings}


def names(report: Audit, kind: str) -> set[str]:
    return {
        f"{place.path.stem}:{place.line}"
        for found in report.findings
        if found.kind == kind
        for place in found.places
    }


def test_a_sound_set_has_no_findings(tmp_path: Path) -> None:
    report = audit(make_set(tmp_path), 640)

    assert kinds(report) == {}
    assert not report.has_problems
    assert [(c.split, c.pictures, c.objects) for c in report.counts] == [
        ("train", 12, (12, 12)),
        ("val", 6, (6, 6)),
    ]


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audit(spoil(make_set(tmp_path_factory.mktemp("spoiled"))), 640)


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("corrupt-picture", {"cut <b>ü:0", "none:0"}),
        ("unreadable-labels", {"dark:0"}),
        ("not-a-row", {"rows1:1", "rows1:2"}),
        ("unknown-class", {"rows2:1"}),
        ("no-size", {"rows3:1", "rows3:2"}),
        ("outside", {"rows4:1", "rows4:2"}),
        ("repeated-row", {"rows5:2"}),
        ("below-a-pixel", {"boxes1:1", "boxes2:1"}),
        ("tiny-box", {"boxes4:1"}),
        ("thin-box", {"thin:1"}),
        ("whole-picture", {"boxes3:1"}),
        ("tiny-picture", {"small:0", "boxes4:0"}),
        ("same-picture-across-splits", {"copy2:0", "copy3:0"}),
        ("near-picture-across-splits", {"twin2:0"}),
        ("versions-across-splits", {"rf_jpg.rf.2b:0"}),
        ("no-label-file", {"nofile:0"}),
        ("background", {"background:0"}),
        ("label-without-picture", {"lonely:0"}),
    ],
)
def test_every_fault_is_found_at_its_place(spoiled: Audit, kind: str, places: set[str]) -> None:
    assert names(spoiled, kind) == places


def test_nothing_else_is_found_and_the_worst_comes_first(spoiled: Audit) -> None:
    severities = [found.severity for found in spoiled.findings]

    assert len(kinds(spoiled)) == 18
    assert severities == sorted(severities, key=["problem", "warning", "note"].index)
    assert spoiled.has_problems
    assert {found.kind for found in spoiled.findings} <= set(KINDS)


def test_everything_is_in_the_json(spoiled: Audit) -> None:
    content = json.loads(json.dumps(spoiled.to_json()))

    assert content["ok"] is False
    assert content["splits"]["train"]["objects"] == {"man": 30, "dog": 13}
    assert {each["kind"]: each["count"] for each in content["findings"]} == kinds(spoiled)
    assert len(content["data_id"]) == 64


def test_pictures_that_share_a_label_file(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    save(tmp_path / "images" / "train" / "x.jpg", picture(90), None)
    save(tmp_path / "images" / "train" / "x.png", picture(91))
    report = audit(path, 640)

    assert kinds(report) == {"shared-labels": 1}
    assert [str(place) for found in report.findings for place in found.places] == [
        f"{tmp_path / 'labels/train/x.txt'}: is that of x.png and of x.jpg"
    ]


def test_what_is_tiny_depends_on_the_training_size(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    save(tmp_path / "images" / "train" / "x.png", picture(90, (400, 600)), "0 .5 .5 .01 .02")

    assert "tiny-box" not in kinds(audit(path, 640))
    assert names(audit(path, 192), "tiny-box") == {"x:1"}


def test_classes_that_are_missing_or_rare(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    text = path.read_text(encoding="utf-8").replace("dog]", "dog, cat, cow]")
    path.write_text(text, encoding="utf-8")
    save(tmp_path / "images" / "val" / "x.png", picture(90), "2 .5 .5 .1 .1")
    for label in list((tmp_path / "labels" / "train").iterdir())[:3]:
        label.write_text(GOOD, encoding="utf-8")
    report = audit(path, 640)
    told = {f.kind: [place.told for place in f.places] for f in report.findings}

    assert told["class-only-scored"] == ["'cat' has objects in val and none in train"]
    assert told["class-without-objects"] == [
        "'cow' has no object in train",
        "'cow' has no object in val",
    ]
    assert told["rare-class"] == ["'dog' has 9 objects in train"]


def test_missing_and_empty_splits(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "empty").mkdir()
    path.write_text("train: empty\ntest: gone\nnames: [man]\n", encoding="utf-8")
    report = audit(path, 640)
    (found,) = report.findings

    assert [place.split for place in found.places] == ["train", "val", "test"]
    assert "has no pictures" in found.places[0].told
    assert "does not name 'val'" in found.places[1].told
    assert "neither a folder nor a list file" in found.places[2].told


def test_a_set_without_labels(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "labels").rename(tmp_path / "annotations")
    found = kinds(audit(path, 640))

    assert found["no-objects"] == 1
    assert found["no-label-file"] == 18


def test_labels_of_pictures_that_no_list_names_are_not_lonely(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "some.txt").write_text("images/train/a.png\nimages/train/b.png\n", "utf-8")
    path.write_text("train: some.txt\nval: images/val\nnames: [man, dog]\n", encoding="utf-8")

    assert "label-without-picture" not in kinds(audit(path, 640))


def walk(folder: Path, numbers: dict[str, range]) -> Path:
    """A clip of somebody who walks, its frames put into splits."""
    scene = picture(1, (96, 128))
    for split, frames in numbers.items():
        for number in frames:
            image = scene.copy()
            image[30:70, 2 * number : 2 * number + 14] = 255
            x = (2 * number + 7) / 128
            save(folder / "images" / split / f"{number:06d}.jpg", image, f"0 {x} .52 .11 .42")
    path = folder / "data.yaml"
    path.write_text("train: images/train\nval: images/val\nnames: [man]\n", encoding="utf-8")
    return path


def test_shuffled_frames_are_a_leak_and_a_cut_is_none(tmp_path: Path) -> None:
    cut = walk(tmp_path / "cut", {"train": range(40), "val": range(40, 50)})
    odd = walk(tmp_path / "odd", {"train": range(0, 40, 2), "val": range(1, 40, 2)})
    later = walk(tmp_path / "later", {"train": range(0, 30, 2), "val": range(40, 50)})

    assert "neighbours-across-splits" not in kinds(audit(cut, 640))
    assert "neighbours-across-splits" not in kinds(audit(later, 640))
    assert kinds(audit(odd, 640))["neighbours-across-splits"] == 20


def test_many_alike_across_splits_are_a_problem(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    for number, name in enumerate("abc"):
        save(tmp_path / "images" / "val" / f"twin{name}.jpg", picture(number))
    (found,) = [f for f in audit(path, 640).findings if f.kind == "near-picture-across-splits"]

    assert (found.severity, len(found.places)) == ("problem", 3)


def test_near_twins_are_found_among_many(tmp_path: Path) -> None:
    for number in range(150):
        save(tmp_path / "images" / "train" / f"{number}x.png", picture(number))
    for number in range(0, 150, 10):
        small = cv2.resize(picture(number), (48, 36), interpolation=cv2.INTER_AREA)
        save(tmp_path / "images" / "train" / f"z{number}y.jpg", np.asarray(small))
    path = tmp_path / "data.yaml"
    path.write_text("train: images/train\nnames: [man]\n", encoding="utf-8")
    report = audit(path, 640)

    assert Counter(kinds(report))["near-picture"] >= 14
    pairs = [p for f in report.findings if f.kind == "near-picture" for p in f.places]
    assert all(
        p.other is not None and p.path.stem.strip("xyz") == p.other.stem.strip("xyz") for p in pairs
    )
