"""`train fit`, whole: what a run leaves, how it is continued, what is refused before it starts."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.train.console import SIDE, call, fit_arguments, make_data
from train.data.store import PictureStore
from train.model import (
    CheckpointContent,
    build_model,
    load_model,
    read_checkpoint,
    save_checkpoint,
)

PATIENCE_S = 50.0


def rows(run: Path) -> list[dict[str, str]]:
    text = (run / "results.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def assert_same_tensors(one: Path, other: Path) -> None:
    a, b = read_checkpoint(one), read_checkpoint(other)
    assert a.weights.keys() == b.weights.keys()
    assert [key for key in a.weights if not torch.equal(a.weights[key], b.weights[key])] == []
    assert (a.ema is None) == (b.ema is None)
    if a.ema is not None and b.ema is not None:
        assert [key for key in a.ema if not torch.equal(a.ema[key], b.ema[key])] == []


def test_leaves_the_files_of_a_run_and_no_other(finished: Path) -> None:
    files = sorted(path.name for path in finished.iterdir())

    assert files == [
        "best.pt",
        "last.pt",
        "recipe.yaml",
        "report.html",
        "results.csv",
        "tensorboard",
    ]


def test_results_have_a_row_with_the_promised_columns(finished: Path) -> None:
    (row,) = rows(finished)

    assert row["epoch"] == "0"
    assert float(row["images_per_s"]) > 0
    assert 0 <= float(row["ap"]) <= float(row["ap50"]) <= 1
    assert row["images_seen"] == "6"


def test_checkpoints_say_how_they_were_made(finished: Path, data: Path) -> None:
    model, info = load_model(finished / "best.pt")

    assert (model.num_classes, info.names) == (1, ("square",))
    assert info.metadata["image_size"] == SIDE
    assert info.metadata["recipe_name"] == "finetune"
    assert f"python -m train fit --data {data}" in str(info.metadata["command"])
    assert " cores, " in str(info.metadata["machine"])
    assert len(str(info.metadata["data_id"])) == 64


def test_the_same_seed_gives_the_same_weights(finished: Path, data: Path, tmp_path: Path) -> None:
    assert call(*fit_arguments(data, tmp_path / "again")) == 0

    assert_same_tensors(finished / "last.pt", tmp_path / "again" / "last.pt")


def test_weights_of_other_classes_start_a_run_without_their_head(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "data", ("round", "square"))
    out = tmp_path / "run"

    assert call(*fit_arguments(data, out), "--weights", finished / "best.pt") == 0
    assert "left as initialised: model.77.m.0.weight" in capsys.readouterr().err
    _, info = load_model(out / "best.pt")
    assert info.names == ("round", "square")
    assert info.metadata["started_from"] == str(finished / "best.pt")


def test_weights_that_know_the_classes_in_another_order_are_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = make_data(tmp_path / "two", ("square", "round"))
    weights = tmp_path / "known.pt"
    save_checkpoint(weights, build_model("yolov7-tiny", 2), CheckpointContent(["round", "square"]))

    assert call(*fit_arguments(own, tmp_path / "run"), "--weights", weights) == 0
    told = "what it knows of square, round is taken for another class"
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_finished_run_is_not_continued_with_another_plan(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*fit_arguments(data, finished, epochs=2), "--resume") == 1
    assert "made with another recipe, data set, size, batch or number" in capsys.readouterr().err


def test_a_finished_run_that_is_resumed_says_so(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished / "last.pt").read_bytes()

    assert call(*fit_arguments(data, finished), "--resume") == 0
    assert f"the run in {finished} is finished: 1 epochs" in capsys.readouterr().err
    assert (finished / "last.pt").read_bytes() == before


def test_a_folder_in_use_is_refused_and_untouched(
    finished: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished / "last.pt").read_bytes()

    assert call(*fit_arguments(data, finished)) == 2
    assert "is not empty" in capsys.readouterr().err
    assert (finished / "last.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--image-size", 100), 2, "--image-size 100: expected a multiple of 32, for example 96"),
        (("--recipe", "magic"), 2, "no recipe 'magic'"),
        (("--device", "gpu"), 2, "device 'gpu' is not one that torch knows"),
        (("--model", "yolov9"), 2, "--model yolov9: expected one of yolov7-tiny, yolov7,"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
        (("--data", "nowhere.yaml"), 1, "cannot read data set description nowhere.yaml"),
        (("--epochs", 0), 2, "--epochs"),
        (("--batch-size", 0), 2, "--batch-size"),
        (("--precision", "fp8"), 2, "--precision fp8: expected one of auto, fp32, bf16, fp16"),
        (("--precision", "fp16"), 2, "--precision fp16: training in float16 needs a CUDA card"),
        (("--sync-bn",), 2, "--sync-bn needs CUDA cards"),
        (("--extend",), 2, "--extend lets a resumed run have more epochs"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_nonsense_is_refused_before_anything_is_written(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    out = tmp_path / "run"

    assert call(*fit_arguments(data, out), *options) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_labels_beyond_the_classes_are_told_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "data")
    label = tmp_path / "data" / "labels" / "train" / "3.txt"
    label.write_text("0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n", encoding="utf-8")

    assert call(*fit_arguments(data, tmp_path / "run")) == 1
    assert f"{label}:2: class 1, expected" in capsys.readouterr().err


def test_an_interrupted_run_says_how_to_go_on_and_does(
    finished: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_store: PictureStore) -> None:
        raise KeyboardInterrupt

    arguments = fit_arguments(data, tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(PictureStore, "preload", interrupt)
        assert call(*arguments) == 130
    assert "stopped; the same command with --resume goes on" in capsys.readouterr().err

    assert call(*arguments, "--resume") == 0
    assert_same_tensors(finished / "last.pt", tmp_path / "run" / "last.pt")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_run_is_continued_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert call(*fit_arguments(data, whole, epochs=4)) == 0

    command = [sys.executable, "-m", "train", *map(str, fit_arguments(data, cut, epochs=4))]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        deadline_s = time.monotonic() + PATIENCE_S
        while not (cut / "results.csv").is_file() and process.poll() is None:
            assert time.monotonic() < deadline_s, "no epoch was finished"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(rows(cut)) < 4

    assert call(*fit_arguments(data, cut, epochs=4), "--resume") == 0
    assert_same_tensors(whole / "last.pt", cut / "last.pt")
    assert_same_tensors(whole / "best.pt", cut / "best.pt")
    assert [row["epoch"] for row in rows(cut)] == ["0", "1", "2", "3"]
