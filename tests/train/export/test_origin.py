from pathlib import Path

import pytest

from edgedet.errors import ModelError, UsageError
from tests.train.export.lively import lively_model
from train.export.origin import DEFAULT_SIZE, read_origin
from train.model import CheckpointContent, save_checkpoint


def _checkpoint(path: Path, metadata: dict[str, object]) -> Path:
    save_checkpoint(path, lively_model(1), CheckpointContent(["one"], metadata=metadata))
    return path


def test_says_what_the_checkpoint_says(tmp_path: Path) -> None:
    told = {"image_size": 416, "data_id": "d", "commit": "", "recipe_name": "r", "epoch": 3}
    path = _checkpoint(tmp_path / "one.pt", told)

    origin = read_origin(path, note="n")

    assert origin.image_size == 416
    assert origin.facts == {"data_id": "d", "recipe": "r", "note": "n"}
    assert origin.metadata["epoch"] == 3
    assert read_origin(path, 640).image_size == 640


def test_a_size_that_is_none_must_be_given(tmp_path: Path) -> None:
    path = _checkpoint(tmp_path / "one.pt", {"image_size": "large"})
    with pytest.raises(UsageError, match="image_size 'large'; give --image-size"):
        read_origin(path)
    assert read_origin(path, 64).image_size == 64
    assert read_origin(_checkpoint(tmp_path / "two.pt", {})).image_size == DEFAULT_SIZE


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.pt"):
        read_origin(tmp_path / "nowhere.pt")
