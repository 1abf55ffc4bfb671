"""`edgedet detect` takes files by path or address and refuses what has no end."""

import os
import signal
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.commands.detect import DetectRequest, detect
from edgedet.detect import available_backends
from edgedet.errors import UsageError
from edgedet.stream.worker import Worker
from tests.runs import PATTERN, read_lines, tiny_settings


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A file with an awkward name: ten frames, with a white square that moves."""
    path = tmp_path / "Köln #1 (100%).avi"
    plain = tmp_path / "plain.avi"
    writer = cv2.VideoWriter(str(plain), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 64))
    for number in range(10):
        image = np.zeros((64, 96, 3), dtype=np.uint8)
        image[16:32, 8 * number : 8 * number + 16] = 255
        writer.write(image)
    writer.release()
    plain.rename(path)
    return path


@pytest.mark.parametrize("form", ["path", "address"])
def test_takes_a_path_or_an_address(tmp_path: Path, clip: Path, form: str) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    out = tmp_path / "out.jsonl"
    source = str(clip) if form == "path" else clip.as_uri()
    assert detect(DetectRequest(bundle, source, str(out), backend="onnxruntime")) == 0
    lines = read_lines(out)
    assert [line["frame"]["seq"] for line in lines] == list(range(10))
    assert {line["source"] for line in lines} == {"k-ln-1-100"}
    assert lines[0]["objects"][0]["box"][:2] == pytest.approx([0, 0.25], abs=0.02)


def test_replaces_an_older_result(tmp_path: Path) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    out = tmp_path / "out.jsonl"
    out.write_text("old\n", encoding="utf-8")
    request = DetectRequest(bundle, f"{PATTERN}&frames=2", str(out), backend="onnxruntime")
    assert detect(request) == 0
    assert len(read_lines(out)) == 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.avi", "is not there; expected a video file"),
        ("file:///nowhere.avi", "is not there; expected a video file"),
        ("rtsp://me:pw@10.0.0.5/1", "is not a source with an end"),
        (PATTERN, "has no end"),
        ("ftp://10.0.0.5/1", "is not a source"),
        ("file://clip.avi", "must name an absolute path"),
    ],
)
def test_refuses(tmp_path: Path, source: str, message: str) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    with pytest.raises(UsageError, match=message) as caught:
        detect(DetectRequest(bundle, source, "-"))
    assert "pw" not in str(caught.value)


def test_keeps_what_it_measured_in_the_users_cache(tmp_path: Path) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    out = tmp_path / "out.jsonl"
    assert detect(DetectRequest(bundle, f"{PATTERN}&frames=2", str(out))) == 0
    kept = list((tmp_path / "own-cache" / "backends").glob("*.json"))
    assert len(kept) == (1 if len(available_backends()) > 1 else 0)


def test_refuses_a_bundle_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there; expected a model bundle"):
        detect(DetectRequest(tmp_path / "none", f"{PATTERN}&frames=1", "-"))


def test_half_a_result_does_not_pass_for_a_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    out = tmp_path / "out.jsonl"

    def interrupt(stop: threading.Event) -> None:
        while not stop.wait(0.02):
            if out.exists() and out.stat().st_size:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    worker = Worker("interrupt", interrupt)
    worker.start()
    request = DetectRequest(bundle, f"{PATTERN}&frames=100000", str(out), backend="onnxruntime")
    assert detect(request) == 1
    assert worker.stop(10.0)
    assert "interrupted: the output ends after frame" in caplog.text
