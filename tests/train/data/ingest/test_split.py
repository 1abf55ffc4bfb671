"""Splits: by time, by group or by chance, the same on every machine."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError, UsageError
from train.data.ingest.annotated import Annotated
from train.data.ingest.split import Shares, split


def save(path: Path, image: np.ndarray) -> Annotated:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return Annotated(path, f"{path.parent.name}/{path.name}", ())


@pytest.fixture
def strangers(tmp_path: Path) -> list[Annotated]:
    """Twenty numbered pictures that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    return [
        save(
            tmp_path / "photos" / f"img_{n:03d}.png",
            cv2.resize(rng.integers(0, 256, (3, 3), dtype=np.uint8), (48, 48)),
        )
        for n in range(20)
    ]


@pytest.fixture
def clip(tmp_path: Path) -> list[Annotated]:
    """Twenty frames of a spot that walks."""
    frames = []
    for number in range(20):
        image = np.full((48, 48), 90, dtype=np.uint8)
        image[20:30, number : number + 8] = 220
        frames.append(save(tmp_path / "gate" / f"{number * 5}.png", image))
    return frames


def sizes(items: list[Annotated]) -> dict[str, int]:
    return dict(Counter(item.split for item in items))


def test_numbered_pictures_that_differ_are_split_by_chance(strangers: list[Annotated]) -> None:
    found, how = split(strangers, Shares(val=0.2, test=0.1))

    assert how == "by chance (seed 0, 20 pictures)"
    assert sizes(found) == {"train": 14, "val": 4, "test": 2}


def test_the_order_of_files_and_the_run_do_not_matter(strangers: list[Annotated]) -> None:
    first, again, turned = (
        {item.name: item.split for item in split(items, Shares())[0]}
        for items in (strangers, strangers, strangers[::-1])
    )
    other, _ = split(strangers, Shares(seed=1))

    assert first == again == turned
    assert {item.name: item.split for item in other} != first


def test_frames_of_a_clip_are_split_by_time(clip: list[Annotated]) -> None:
    found, how = split(clip[::-1], Shares(val=0.2, test=0.1))
    by_number = sorted(found, key=lambda item: int(item.path.stem))

    assert how == "by time (20 frames of 1 clips)"
    assert [i.split for i in by_number] == ["train"] * 14 + ["val"] * 4 + ["test"] * 2


def test_a_clip_among_other_pictures(clip: list[Annotated], strangers: list[Annotated]) -> None:
    _, how = split([*clip, *strangers], Shares())

    assert how == "by time (20 frames of 1 clips) and by chance (seed 0, 20 pictures)"


def test_equal_pictures_are_never_parted(strangers: list[Annotated], tmp_path: Path) -> None:
    copies = [
        save(tmp_path / "copies" / f"x{n}y.png", cv2.imread(str(item.path), 0))  # type: ignore[arg-type]
        for n, item in enumerate(strangers)
    ]
    for seed in range(5):
        found, _ = split([*strangers, *copies], Shares(seed=seed))
        assert [item.split for item in found[:20]] == [item.split for item in found[20:]]


def test_versions_of_one_picture_are_never_parted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    items = [
        save(
            tmp_path / "rf" / f"{name}_jpg.rf.{version}abc.png",
            rng.integers(0, 256, (8, 8), dtype=np.uint8),
        )
        for name in "abcdefghij"
        for version in range(3)
    ]
    found, _ = split(items, Shares())
    splits = {item.path.name[0]: set[str]() for item in found}
    for item in found:
        splits[item.path.name[0]].add(item.split)

    assert all(len(each) == 1 for each in splits.values())
    assert sizes(found) == {"train": 24, "val": 6}


@pytest.mark.parametrize("group_by", ["folder", r"^(\w+)/", r"^[a-z]+"])
def test_groups_stay_together(tmp_path: Path, group_by: str) -> None:
    image = np.zeros((8, 8), dtype=np.uint8)
    items = [save(tmp_path / f / f"{n}.png", image) for f in "abcde" for n in range(4)]
    found, how = split(items, Shares(group_by=group_by))

    assert how == f"by group ('{group_by}', 5 groups, seed 0)"
    assert sizes(found) == {"train": 16, "val": 4}
    assert len({item.path.parent for item in found if item.split == "val"}) == 1


def test_a_pattern_that_does_not_fit_is_told(strangers: list[Annotated]) -> None:
    with pytest.raises(DataError, match=r"fits 10 of 20 names; it does not fit 'photos/img_01"):
        split(strangers, Shares(group_by=r"_00(\d)"))
    with pytest.raises(UsageError, match="neither 'folder' nor a regular expression"):
        split(strangers, Shares(group_by="("))


def test_too_few_groups_are_told(strangers: list[Annotated]) -> None:
    with pytest.raises(DataError, match="val stays empty"):
        split(strangers, Shares(group_by="folder"))
    with pytest.raises(DataError, match="1 pictures are too few"):
        split(strangers[:1], Shares())


@pytest.mark.parametrize(("val", "test"), [(1.0, 0.0), (-0.1, 0.0), (0.5, 0.5)])
def test_shares_that_leave_nothing_are_refused(val: float, test: float) -> None:
    with pytest.raises(UsageError, match="expected shares from 0, together less than 1"):
        Shares(val, test)


def test_a_link_to_nowhere_stops_nothing(strangers: list[Annotated], tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    found, _ = split([*strangers, Annotated(tmp_path / "gone.png", "gone.png", ())], Shares())

    assert len(found) == 21
