"""`train distill`: a run as `train fit`'s, with a teacher."""

from pathlib import Path

import pytest
import torch

from tests.train.console import call, fit_arguments, make_data
from tests.train.model.slim import slim_model
from train.model import CheckpointContent, load_model, read_checkpoint, save_checkpoint


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slim yolov7 of the set's one class."""
    path = tmp_path_factory.mktemp("teacher") / "large.pt"
    save_checkpoint(path, slim_model("yolov7"), CheckpointContent(["square"]))
    return path


def _arguments(teacher: Path, data: Path, out: Path) -> list[object]:
    return ["distill", "--teacher", teacher, *fit_arguments(data, out)[1:]]


@pytest.fixture(scope="module")
def taught(teacher: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose teacher has the weight of the default, 1."""
    out = tmp_path_factory.mktemp("taught") / "run"
    assert call(*_arguments(teacher, data, out)) == 0
    return out


def test_leaves_an_ordinary_run_that_names_its_teacher(teacher: Path, taught: Path) -> None:
    model, info = load_model(taught / "best.pt")

    assert {each.name for each in taught.iterdir()} >= {"best.pt", "last.pt", "report.html"}
    assert model.architecture.name == "yolov7-tiny"
    assert model.anchors_px == load_model(teacher)[0].anchors_px
    assert str(info.metadata["teacher"]).startswith("yolov7 large.pt, sha256 ")


def test_the_teacher_changes_what_is_learnt_and_a_resume_wants_the_same(
    teacher: Path,
    taught: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    unheard = tmp_path / "run"
    assert call(*_arguments(teacher, data, unheard), "--teacher-weight", 0) == 0
    states = [read_checkpoint(run / "last.pt").weights for run in (unheard, taught)]
    again = (*_arguments(teacher, data, taught), "--teacher-weight", 2, "--resume")

    assert any(not torch.equal(value, states[1][key]) for key, value in states[0].items())
    assert call(*again) == 1
    assert "cannot resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "classes", "told"),
    [
        ("yolov7-w6", ["square"], "both need the same levels"),
        ("yolov7", ["circle"], "knows 1 classes ['circle']"),
    ],
)
def test_refuses_a_teacher_that_cannot_teach(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    classes: list[str],
    told: str,
) -> None:
    path = tmp_path / "teacher.pt"
    save_checkpoint(path, slim_model(name, len(classes)), CheckpointContent(classes))

    assert call(*_arguments(path, data, tmp_path / "run")) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_refuses_classes_in_another_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "data", ("a", "b"))
    path = tmp_path / "teacher.pt"
    save_checkpoint(path, slim_model("yolov7", 2), CheckpointContent(["b", "a"]))

    assert call(*_arguments(path, data, tmp_path / "run")) == 1
    assert "expected the same in the same order" in capsys.readouterr().err
