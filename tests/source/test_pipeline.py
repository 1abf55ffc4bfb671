"""Pipelines: what they pass, convert and leave behind."""

import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgedet.clock import SystemClock
from edgedet.frame import PixelFormat
from edgedet.source.description import DECODER, SINK, SOURCE, PipelineDescription
from edgedet.source.pipeline import Pipeline
from tests.source.media import (
    OPEN_S,
    count_frames,
    fast,
    make_video,
    read,
    run,
)


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("jpegenc", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=Y42B ! x264enc ! h264parse", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=I420_10LE ! x264enc ! h264parse", PixelFormat.I420),
        ("videoconvert ! video/x-raw,format=GRAY8", PixelFormat.GRAY8),
        ("videoconvert ! video/x-raw,format=RGB", PixelFormat.RGB),
        ("videoconvert ! video/x-raw,format=YUY2", PixelFormat.I420),
        ("av1enc cpu-used=8 usage-profile=realtime ! av1parse", PixelFormat.I420),
    ],
)
def test_usual_formats_pass_and_others_become_i420(
    tmp_path: Path, encoder: str, expected: PixelFormat
) -> None:
    source = fast(make_video(tmp_path / "a.mkv", frames=10, encoder=encoder))
    source.open(OPEN_S)
    frame = read(source)
    assert frame.pixel_format is expected
    frame.close()
    source.close()
    assert count_frames(source) == 10


def test_audio_track_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run(
        "audiotestsrc num-buffers=40 ! vorbisenc ! mux."
        " videotestsrc num-buffers=20 ! video/x-raw,width=160,height=120,framerate=25/1"
        f' ! x264enc ! matroskamux name=mux ! filesink location="{path}"'
    )
    assert count_frames(fast(path)) == 20


def test_nothing_leaks_over_many_openings(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", frames=5, caps="width=640,height=480")

    def cycle() -> None:
        source = fast(path)
        source.open(OPEN_S)
        read(source)
        source.close()

    for _ in range(10):
        cycle()
    before = _settled()
    for _ in range(100):
        cycle()
    files, threads, kilobytes = (
        after - first for after, first in zip(_settled(), before, strict=True)
    )
    assert files <= 0
    assert threads <= 0
    assert kilobytes < 23_000  # half of what one lost picture an opening would be; malloc keeps 10


def test_a_pipeline_that_hangs_is_left_behind_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edgedet.source.pipeline._STOP_TIMEOUT_S", 0.2)
    driver = tmp_path / "driver"
    os.mkfifo(driver)  # who opens it to read waits inside the kernel for a writer
    launch = f"filesrc name={SOURCE} ! decodebin name={DECODER} ! appsink name={SINK}"
    description = PipelineDescription(launch, {SOURCE: {"location": str(driver)}})
    hanging = Pipeline(description, "source 'gate'", "gate", SystemClock())
    hanging.start()
    assert hanging.pull(0.1) is None
    assert not hanging.is_at_end()
    assert not hanging.stop()
    assert not hanging.has_stopped
    assert "source 'gate': does not stop" in caplog.text
    other = fast(make_video(tmp_path / "a.mkv", frames=10))
    assert count_frames(other) == 10

    def lets_go() -> bool:
        with contextlib.suppress(OSError):  # nobody waits for a writer just now
            os.close(os.open(driver, os.O_WRONLY | os.O_NONBLOCK))
        return hanging.has_stopped

    _wait_until(lets_go)


def test_a_pipeline_that_is_stopped_at_once_does_not_start_behind_ones_back() -> None:
    made = [
        Pipeline(
            PipelineDescription(f"videotestsrc ! appsink name={SINK}"), "", "gate", SystemClock()
        )
        for _ in range(20)
    ]
    for pipeline in made:
        pipeline.start()
        assert pipeline.stop()
    for pipeline in made:
        _wait_until(pipeline._started.is_set)
        assert pipeline._pipeline.get_state(0).state.value_nick == "null"


def test_everything_but_opening_works_without_gi() -> None:
    code = (
        "import sys; sys.modules['gi'] = None\n"
        "from edgedet.source import create_source\n"
        "from edgedet.config.source import SourceSettings\n"
        "from edgedet.clock import SystemClock\n"
        "source = create_source(SourceSettings(id='gate', uri='test://ball'), SystemClock())\n"
        "try: source.open(1.0)\n"
        "except Exception as exc: print(type(exc).__name__, exc)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50
    ).stdout
    assert output.startswith("SourceError GStreamer's Python bindings are missing")
    assert "python3-gi" in output


def _wait_until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + OPEN_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def _settled() -> tuple[int, int, int]:
    """What is open once GStreamer's pool of threads has let go of the last pipeline.

    Such a thread may hold the last reference to a pipeline's bus, a pair of sockets, for a moment
    after `close` has returned. It goes by itself: the same counts five times in a row are final.
    """
    counts = [_resources()]
    while len({found[:2] for found in counts[-5:]}) > 1 or len(counts) < 5:
        assert len(counts) < 100, f"files and threads never come to rest: {counts[-5:]}"
        time.sleep(0.1)
        counts.append(_resources())
    return counts[-1]


def _resources() -> tuple[int, int, int]:
    """Open files, native threads and resident kilobytes of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(list(Path("/proc/self/task").iterdir())),
        pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    )
