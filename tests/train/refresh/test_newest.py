"""Who is held out: the newest of each camera, never anybody before them."""

from collections import Counter
from pathlib import Path

import pytest

from edgedet.errors import DataError
from train.data.ingest.annotated import Annotated
from train.data.ingest.split import Shares
from train.refresh.newest import hold_out

SHARES = Shares(val=0.1, test=0.2)


def taken(source_id: str, *minutes: int) -> list[Annotated]:
    names = [f"{source_id}/{source_id}-20260504T09{m:02d}00000-{m:08x}.jpg" for m in minutes]
    return [Annotated(Path(name), name, ()) for name in names]


def test_the_newest_of_each_camera_are_held_out_whatever_their_order() -> None:
    items = [*taken("gate", *range(19, -1, -1)), *taken("yard", *range(10))]

    found, how = hold_out(items, SHARES)

    assert [item.path for item in found] == [item.path for item in items]
    splits = {item.name: item.split for item in found}
    assert Counter(splits.values()) == {"train": 21, "val": 3, "test": 6}
    for source_id in ("gate", "yard"):
        own = [splits[name] for name in sorted(splits) if name.startswith(source_id)]
        assert own == sorted(own, key=("train", "val", "test").index)
        assert own.count("test") == len(own) // 5
    assert how == "the newest of each of 2 cameras by time"


def test_a_camera_of_two_pictures_gives_none() -> None:
    found, _ = hold_out(taken("gate", 1, 2), SHARES)

    assert [item.split for item in found] == ["train", "train"]


def test_pictures_without_a_time_are_split_as_ingest_does(tmp_path: Path) -> None:
    others = []
    for number in range(20):
        path = tmp_path / f"holiday{number}x.jpg"
        path.write_bytes(b"%d" % number)
        others.append(Annotated(path, path.name, ()))

    found, how = hold_out([*taken("gate", *range(10)), *others], SHARES)

    assert Counter(item.split for item in found[10:]) == {"train": 14, "val": 2, "test": 4}
    assert "1 cameras by time; 20 pictures whose names say no time by chance" in how


def test_too_few_pictures_without_a_time_are_told(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(b"1")

    with pytest.raises(DataError, match="1 pictures are too few"):
        hold_out([Annotated(path, path.name, ())], SHARES)
