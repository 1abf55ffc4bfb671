"""The way to the first picture: interrupted, in vain, or with nothing that can be decoded."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from edgedet.clock import SystemClock
from edgedet.errors import DecoderError, SourceError
from edgedet.source.base import InterruptedOpenError
from edgedet.source.description import DECODER, SINK, SOURCE, PipelineDescription
from edgedet.source.pipeline import Pipeline
from edgedet.source.quarantine import Quarantine
from edgedet.source.stream import Stream
from tests.source.media import X264, make_source


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a camera that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/s"


def test_an_opening_is_interrupted_long_before_its_time(silent: str) -> None:
    source, stop = make_source(silent), threading.Event()
    threading.Timer(0.2, stop.set).start()
    start_s = time.monotonic()
    with pytest.raises(InterruptedOpenError):
        source.open(50.0, stop)
    assert time.monotonic() - start_s < 25.0


def test_nothing_is_opened_once_a_stop_is_asked_for(silent: str) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(InterruptedOpenError):
        make_source(silent).open(50.0, stop)


def test_a_decoder_that_gives_nothing_is_told_from_a_camera_that_sends_nothing() -> None:
    clock = SystemClock()
    quarantine = Quarantine(20.0, clock)
    launch = (
        f"videotestsrc name={SOURCE} is-live=true ! video/x-raw,width=64,height=48,framerate=50/1"
        f" ! {X264} ! decodebin name={DECODER} ! valve drop=true ! appsink name={SINK}"
    )
    description = PipelineDescription(launch)
    pipeline = Pipeline(description, "source 'gate'", "gate", clock, quarantine)
    stream = Stream(pipeline, quarantine, "source 'gate'", clock)
    pipeline.start()
    with pytest.raises(
        DecoderError, match=r"source 'gate': the decoder \w+ was given \d+ pictures"
    ):
        stream.first_picture(2.0, None)
    assert stream.failed_hardware() == ""
    pipeline.stop()


def test_a_stream_that_never_sends_a_keyframe_is_waited_for_no_longer_than_set() -> None:
    clock = SystemClock()
    quarantine = Quarantine(0.5, clock)
    launch = (
        f"videotestsrc name={SOURCE} is-live=true"
        " ! video/x-raw,format=I420,width=64,height=48,framerate=50/1"
        f" ! {X264} ! h264parse ! identity drop-buffer-flags=header"
        f" ! decodebin name={DECODER} ! appsink name={SINK}"
    )
    pipeline = Pipeline(PipelineDescription(launch), "source 'gate'", "gate", clock, quarantine)
    stream = Stream(pipeline, quarantine, "source 'gate'", clock)
    pipeline.start()
    with contextlib.suppress(SourceError):  # what the decoder makes of it is its own affair
        stream.first_picture(1.0, None).release()
    pipeline.stop()
    assert quarantine.count > 0
    assert quarantine.admitted > 0
