"""`train fit` of the larger members: loss, average, scores, report, checkpoint."""

from pathlib import Path

import pytest

from tests.train.console import call, fit_arguments
from tests.train.model.slim import slim_model
from train.model import CheckpointContent, load_model, read_checkpoint, save_checkpoint
from train.model.architectures import ARCHITECTURES

QUICK = ("yolov7",)  # the others are slow
LARGER = [
    pytest.param(each.name, marks=() if each.name in QUICK else pytest.mark.slow)
    for each in ARCHITECTURES[1:]
]


@pytest.mark.parametrize("name", LARGER)
def test_a_slim_member_goes_through_a_whole_run(data: Path, tmp_path: Path, name: str) -> None:
    weights, out = tmp_path / "slim.pt", tmp_path / "run"
    save_checkpoint(weights, slim_model(name), CheckpointContent(["square"]))
    assert call(*fit_arguments(data, out), "--model", name, "--weights", weights) == 0
    model, info = load_model(out / "best.pt")

    assert (model.architecture.name, info.metadata["architecture"]) == (name, name)
    assert model.has_auxiliary == (len(model.strides) == 4)
    assert "report.html" in {each.name for each in out.iterdir()}


def test_a_run_with_an_auxiliary_head_is_continued(data: Path, tmp_path: Path) -> None:
    weights, out = tmp_path / "slim.pt", tmp_path / "run"
    save_checkpoint(weights, slim_model("yolov7-w6"), CheckpointContent(["square"]))
    start = ("--model", "yolov7-w6", "--weights", weights)
    assert call(*fit_arguments(data, out), *start) == 0
    assert call(*fit_arguments(data, out, 2), *start, "--resume", "--extend") == 0

    assert read_checkpoint(out / "last.pt").info.metadata["epoch"] == 2


def test_sizes_are_multiples_of_the_members_own_stride(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*fit_arguments(data, tmp_path / "run"), "--model", "yolov7-w6"]
    arguments[arguments.index("--image-size") + 1] = 96

    assert call(*arguments) == 2
    assert "--image-size 96: expected a multiple of 64" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", QUICK)
def test_a_whole_member_is_trained(data: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "run"
    assert call(*fit_arguments(data, out), "--model", name) == 0

    assert load_model(out / "best.pt")[0].architecture.name == name
