"""Sets read with other class ids, and written again."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from edgedet.errors import DataError
from tests.train.console import make_data
from train.data.dataset import read_data_yaml
from train.refresh.newest import NEWEST
from train.refresh.sets import (
    ORIGIN_KEY,
    previous_splits,
    read_pictures,
    scored_split,
    write_pictures,
)

NAMES = ("round", "square")


def test_a_set_is_written_as_it_was_read_with_its_new_class_ids(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", NAMES, 4)
    wanted = ("square", "round", "oval")
    pictures = read_pictures(data, wanted, {"train": "train", "val": NEWEST})

    path, tally = write_pictures(tmp_path / "out", wanted, pictures, {ORIGIN_KEY: {"model": "ab"}})

    before, after = read_data_yaml(data), read_data_yaml(path)
    assert after.class_names == wanted
    assert {split: len(paths) for split, paths in after.splits.items()} == {"train": 4, "test": 4}
    for one, other in zip(before.samples("val"), after.samples("test"), strict=True):
        assert other.path.samefile(one.path)
        assert np.array_equal(other.labels[:, 0], 1 - one.labels[:, 0])
        assert np.allclose(other.labels[:, 1:], one.labels[:, 1:], atol=1e-6)
    assert tally.total() == 0
    assert previous_splits(path) == {"train": "train", "val": "val", "test": "train"}
    assert previous_splits(data) == {"train": "train", "val": "val"}


def test_a_picture_that_is_cut_short_is_told_with_what_mends_it(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", NAMES, 2)
    path = tmp_path / "data" / "images" / "train" / "1.png"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(DataError, match=r"1\.png: the PNG ends too early; .* --fix"):
        read_pictures(data, NAMES, {"train": "train"})


def test_a_split_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", NAMES, 2)

    assert read_pictures(data, NAMES, {"test": "train"}) == []


def test_the_frozen_set_is_scored_on_test_if_it_has_one(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", NAMES, 2)
    assert scored_split(read_data_yaml(data), "auto") == "val"
    assert scored_split(read_data_yaml(data), "train") == "train"
    with pytest.raises(DataError, match="nothing to test on in test; it has train, val"):
        scored_split(read_data_yaml(data), "test")

    content = yaml.safe_load(data.read_text(encoding="utf-8")) | {"test": "images/test"}
    data.write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "data" / "images" / "test").mkdir()
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "data" / "images" / "test" / "9.png"), image)
    assert scored_split(read_data_yaml(data), "auto") == "test"
