"""`train predict`: what is written, for a checkpoint, a bundle and a graph, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from tests.detect.tiny_bundle import make_tiny_bundle
from tests.train.console import call


def lines(out: Path) -> list[dict[str, object]]:
    text = (out / "detections.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_checkpoint_sees_a_folder_of_pictures(
    finished: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = data.parent / "images" / "val"
    arguments = ("--source", source, "--out", tmp_path / "out", "--score-threshold", 0, "--yolo")

    assert call("predict", "--weights", finished / "best.pt", *arguments) == 0
    found = lines(tmp_path / "out")
    assert [one["source"] for one in found] == [f"{number}.png" for number in range(6)]
    assert all(one["objects"] for one in found)
    assert len(list((tmp_path / "out" / "pictures").iterdir())) == 6
    assert len(list((tmp_path / "out" / "labels").iterdir())) == 6
    assert "in 6 pictures, score > 0.0" in " ".join(capsys.readouterr().err.split())


def test_a_graph_sees_what_its_bundle_sees(data: Path, tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "bundle")
    alone = Path(shutil.copy(tmp_path / "bundle" / "model.onnx", tmp_path / "alone.onnx"))
    picture = data.parent / "images" / "val" / "0.png"
    for weights, out in ((tmp_path / "bundle", "whole"), (alone, "part")):
        # one backend: among equal scores each has its own order
        arguments = ("--source", picture, "--out", tmp_path / out, "--no-draw")
        backend = ("--backend", "onnxruntime")
        assert call("predict", "--weights", weights, *arguments, *backend) == 0
    whole, part = lines(tmp_path / "whole"), lines(tmp_path / "part")

    assert str(whole).replace("'bright'", "'class 0'") == str(part)
    assert whole[0]["objects"]
    assert [path.name for path in (tmp_path / "whole").iterdir()] == ["detections.jsonl"]


def test_a_corrupt_picture_is_told_and_left_out(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_tiny_bundle(tmp_path / "bundle")
    source = Path(shutil.copytree(data.parent / "images" / "val", tmp_path / "pictures"))
    (source / "2.png").write_bytes(b"no picture")
    arguments = ("--source", source, "--out", tmp_path / "out", "--no-draw")

    assert call("predict", "--weights", tmp_path / "bundle", *arguments) == 1
    assert [one["source"] for one in lines(tmp_path / "out")] == [
        f"{n}.png" for n in (0, 1, 3, 4, 5)
    ]
    told = " ".join(capsys.readouterr().err.split())
    assert f"cannot decode picture {source / '2.png'}" in told
    assert "in 5 pictures" in told
    assert told.endswith("; 1 left out")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--source", "rtsp://camera/1"), 2, "cameras are watched by `edgedet run`"),
        (("--source", "nowhere"), 2, "there is no such file or folder"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
        (("--score-threshold", 2), 2, "--score-threshold"),
        (("--image-size", 50), 2, "--image-size 50: expected a multiple of 32"),
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
    make_tiny_bundle(tmp_path / "bundle")
    usual = ("--weights", tmp_path / "bundle", "--source", data.parent, "--out", tmp_path / "out")

    assert call("predict", *usual, *options) == code
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
