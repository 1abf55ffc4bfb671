"""What the tests of this room share: results as a detector gives them, and running sinks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from edgedet.analytics import EndReason, EventType, ObjectEvent, SeenObject, SourceCounts
from edgedet.clock import SystemClock
from edgedet.config.device import DeviceSettings
from edgedet.config.mqtt import MqttSettings
from edgedet.detections import Detections, FrameDetections
from edgedet.event import SourceState, SourceStatus
from edgedet.frame import CaptureSource, CaptureTime, FrameInfo
from edgedet.model_identity import ModelIdentity
from edgedet.publish.exchange import Listener
from edgedet.publish.identity import Origin, new_boot_id
from edgedet.publish.mqtt import MqttSink

CLOCK = SystemClock()
MODEL = ModelIdentity("person", "1", "9b1d3f0c77aa" + "0" * 52, "fp32", ("person", "car"))
NOON = datetime(2026, 5, 4, 12, 0, 0, 418_000, tzinfo=timezone.utc)

_PLACES = {
    EventType.ENTER: "dock",
    EventType.DWELL: "dock",
    EventType.LEAVE: "dock",
    EventType.CROSS: "door",
}

MakeSink = Callable[..., MqttSink]


def make_result(
    seq: int = 0, count: int = 1, source_id: str = "gate", skipped: int = 0
) -> FrameDetections:
    """A frame of 1920 x 1080 with `count` objects, best first."""
    random = np.random.default_rng(seq)
    corners = np.sort(random.random((count, 2, 2)), axis=1) * (1920, 1080)
    return FrameDetections(
        frame=FrameInfo(
            source_id=source_id,
            seq=seq,
            width=1920,
            height=1080,
            pts_ns=seq * 40_000_000,
            capture=CaptureTime(NOON, CaptureSource.FILE),
            arrival_s=CLOCK.monotonic(),
        ),
        detections=Detections(
            boxes_xyxy=corners.reshape(count, 4).astype(np.float32),
            scores=np.sort(random.random(count).astype(np.float32))[::-1].copy(),
            class_ids=np.zeros(count, np.int32),
        ),
        skipped=skipped,
    )


def make_status(
    state: SourceState = SourceState.LIVE, source_id: str = "gate", reason: str = ""
) -> SourceStatus:
    return SourceStatus(source_id, state, since=NOON, fps_in=25.0, reason=reason)


def make_event(
    word: EventType = EventType.END,
    reason: EndReason = EndReason.LEFT,
    source_id: str = "gate",
) -> ObjectEvent:
    """An event of a source: a track, its stay in `dock`, its crossing of `door`."""
    place = _PLACES.get(word, "")
    return ObjectEvent(
        source_id=source_id,
        event_id=f"6f1c-184/{place}/1" if place else "6f1c-184",
        type=word,
        frame_seq=48213,
        start=NOON,
        at=NOON + timedelta(seconds=4),
        duration_s=4.00049,
        seen=SeenObject("6f1c-184", 0, 0.87412, (0.4123456, 0.3312, 0.4721, 0.654)),
        place=place,
        direction="in" if word is EventType.CROSS else "",
        reason=reason if word in {EventType.END, EventType.LEAVE} else None,
    )


def make_counts(cars: int = 2, source_id: str = "gate") -> SourceCounts:
    return SourceCounts(
        source_id=source_id,
        frame_seq=7,
        at=NOON,
        observed_s=CLOCK.monotonic(),
        classes={0: 1, 1: cars},
        zones={"dock": {1: 1}},
        crossings={"kerb": {"in": 3, "out": 1}},
    )


@pytest.fixture
def origin() -> Origin:
    return Origin("lab", "bench-01", "6f1c2a90", MODEL)


@pytest.fixture
def make_sink(tmp_path: Path) -> Iterator[MakeSink]:
    """Starts sinks: `make_sink(url, lossless=(), listen=None, **settings)`; closed after the test.

    `listen`: a topic and who is told of what is published there.
    """
    sinks: list[MqttSink] = []

    def make(
        url: str,
        *,
        lossless: tuple[str, ...] = (),
        listen: tuple[str, Listener] | None = None,
        is_started: bool = True,
        name: str = "bench-01",
        **settings: object,
    ) -> MqttSink:
        if "password" in settings:
            path = tmp_path / "password"
            path.write_text(f"{settings.pop('password')}\n", encoding="utf-8")
            settings["password_file"] = path
        sink = MqttSink(
            MqttSettings.model_validate({"url": url, **settings}),
            DeviceSettings(site="lab", name=name),
            MODEL,
            sources=("gate", "dock"),
            lossless=lossless,
            boot=new_boot_id(),
            state_dir=tmp_path / "state",
            clock=CLOCK,
        )
        sinks.append(sink)
        if listen is not None:
            sink.exchange.listen(*listen)
        if is_started:
            sink.start()
        return sink

    yield make
    for sink in sinks:
        sink.close(5.0)
