"""The folder of an export appears whole or not at all, and only where nothing else lies."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.errors import ModelError
from tests.train.export.lively import lively_checkpoint
from train.export.parity import reference_candidates
from train.formats.export import CheckPictures, export_format
from train.formats.facts import read_facts
from train.model import DetectionNetwork

HW = (64, 64)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lively_checkpoint(tmp_path_factory.mktemp("formats") / "one.pt")


def test_an_earlier_export_is_replaced(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pictures = CheckPictures(np.full((1, *HW, 3), 114, dtype=np.uint8), "one grey picture")
    export_format(checkpoint, out, "torchscript", name="one", image_hw=HW)
    export_format(checkpoint, out, "torchscript", name="two", image_hw=HW, pictures=pictures)
    assert sorted(path.name for path in out.iterdir()) == ["export.json", "model.torchscript"]
    facts = read_facts(out)
    assert (facts.name, facts.check.pictures) == ("two", "one grey picture")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_other_things_is_left_alone(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ModelError, match="holds other things"):
        export_format(checkpoint, tmp_path, "torchscript", name="one", image_hw=HW)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_what_computes_something_else_does_not_appear(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(model: DetectionNetwork, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        return reference_candidates(model, images_nhwc) + 1

    monkeypatch.setattr("train.formats.export.reference_candidates", other)
    with pytest.raises(ModelError, match="torchscript does not compute what the network computes"):
        export_format(checkpoint, tmp_path / "out", "torchscript", name="one", image_hw=HW)
    assert list(tmp_path.iterdir()) == []


def test_names_must_be_as_many_as_classes(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="2 class names for 1 classes"):
        export_format(
            checkpoint,
            tmp_path / "out",
            "torchscript",
            name="one",
            image_hw=HW,
            class_names=["a", "b"],
        )
