"""A head with more classes says of the old ones what it said before."""

from pathlib import Path

import pytest
import torch

from tests.train.export.lively import lively_model
from train.model import CheckpointContent, save_checkpoint, start_from
from train.model.growing import keep_known_classes


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("growing") / "two.pt"
    save_checkpoint(path, lively_model(2), CheckpointContent(("person", "car")))
    return path


def test_old_classes_are_detected_as_before(weights: Path) -> None:
    network, report = start_from(weights, "yolov7-tiny", 3)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    before, _ = start_from(weights, "yolov7-tiny", 2)

    assert keep_known_classes(network, report, ("person", "car", "dog"))

    with torch.inference_mode():
        known, grown = before.eval()(picture), network.eval()(picture)
    assert grown.shape[-1] == known.shape[-1] + 1
    assert torch.allclose(grown[..., :-1], known, atol=1e-5)


def test_another_order_is_another_meaning(weights: Path) -> None:
    network, report = start_from(weights, "yolov7-tiny", 3)
    before = {key: value.clone() for key, value in network.state_dict().items()}

    assert not keep_known_classes(network, report, ("car", "person", "dog"))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_the_same_classes_need_nothing(weights: Path) -> None:
    network, report = start_from(weights, "yolov7-tiny", 2)

    assert not keep_known_classes(network, report, ("person", "car"))
