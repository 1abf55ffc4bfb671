"""Commands to a whole application, with real sources, a real model and a real broker."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgedet.app import Application
from tests.brokers import Received, Subscriber
from tests.conftest import StartMosquitto, Subscribe
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import wait_until

PREFIX = "edgedet/v1/lab/bench"
WAIT_S = 30.0
ALL = ["pause", "resume", "snapshot", "set-threshold", "reload", "rebirth", "sample"]


class Remote:
    """Gives commands and reads the answers."""

    def __init__(self, subscriber: Subscriber) -> None:
        self.subscriber = subscriber

    def __call__(self, name: str, **args: object) -> dict[str, Any]:
        command = {"schema": "edgedet.command/1", "id": str(uuid.uuid4()), "args": args}
        topic = f"{PREFIX}/cmd/{name}"
        self.subscriber.publish(topic, json.dumps(command).encode())
        found = self.subscriber.wait_for(
            lambda m: m.topic == f"{PREFIX}/reply/{name}" and m.body["id"] == command["id"]
        )
        return found.body

    def status(self, state: str) -> Received:
        return self.subscriber.wait_for(
            lambda m: m.topic == f"{PREFIX}/src/a/status" and m.state == state
        )


@pytest.fixture
def remote(mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path) -> Iterator[Remote]:
    broker = mosquitto()
    subscriber = subscribe(broker.port, f"{PREFIX}/#")
    settings = tiny_settings(
        tmp_path,
        {"id": "a", "uri": PATTERN},
        {"id": "short", "uri": f"{PATTERN}&frames=3", "realtime": False},
        mqtt={"url": broker.url, "commands": {"enabled": True, "allow": ALL}},
        state_dir=tmp_path / "state",
        sampling={"enabled": True, "reserve_mib": 0},
    )
    app = Application(settings)
    app.start()
    made = Remote(subscriber)
    made.status("live")
    yield made
    assert app.stop(WAIT_S)


def _is_detection(message: Received) -> bool:
    return message.topic == f"{PREFIX}/src/a/detections"


def test_pause_stops_detections_and_resume_brings_them_back(remote: Remote) -> None:
    reply = remote("pause", source="a")
    assert (reply["status"], reply["result"]) == ("ok", {"paused": ["a"]})
    assert remote.status("disabled").body["reason"].startswith("paused by a command over MQTT at ")
    remote.subscriber.listen(0.5)  # what was on its way
    before = len([m for m in remote.subscriber.messages if _is_detection(m)])
    remote.subscriber.listen(0.5)
    assert len([m for m in remote.subscriber.messages if _is_detection(m)]) == before

    assert remote("resume")["result"] == {"paused": []}

    found = remote.subscriber.wait_for_all(_is_detection, before + 1)
    assert found[before].body["frame"]["skipped"] > 5


def test_snapshot_is_the_picture_of_a_detected_frame(remote: Remote) -> None:
    reply = remote("snapshot", source="a")

    assert reply["status"] == "ok", reply
    picture = remote.subscriber.wait_for(lambda m: m.topic == f"{PREFIX}/src/a/snapshot")
    shown = np.asarray(cv2.imdecode(np.frombuffer(picture.payload, np.uint8), cv2.IMREAD_COLOR))
    assert shown.shape == (64, 96, 3)
    assert picture.properties["ContentType"] == "image/jpeg"
    assert "PayloadFormatIndicator" not in picture.properties
    assert picture.properties["user"] == {"id": reply["result"]["id"]}
    assert reply["result"]["id"].encode() in picture.payload
    assert not picture.retain
    remote.subscriber.wait_for(lambda m: _is_detection(m) and m.body["id"] == reply["result"]["id"])


def test_a_sample_is_kept_where_frames_are_labelled(remote: Remote, tmp_path: Path) -> None:
    reply = remote("sample", source="a")

    assert reply["status"] == "ok", reply
    folder = tmp_path / "state" / "samples" / "labelling" / "images" / "a"
    wait_until(lambda: len(list(folder.glob("*.jpg"))) == 1)


def test_threshold_holds_from_the_next_result_on(remote: Remote) -> None:
    reply = remote("set-threshold", score_threshold=1.0)

    assert reply["result"]["score_threshold"] == 1.0
    remote.subscriber.listen(0.5)
    count = len(remote.subscriber.messages)
    remote.subscriber.wait_for_all(_is_detection, count)
    late = [m for m in remote.subscriber.messages[count:] if _is_detection(m)]
    assert all(m.body["objects"] == [] for m in late)


def test_rebirth_tells_everything_again(remote: Remote) -> None:
    assert remote("rebirth")["status"] == "ok"

    remote.subscriber.wait_for_all(lambda m: m.topic == f"{PREFIX}/info", 2)


@pytest.mark.parametrize(
    ("name", "args", "reason"),
    [
        ("pause", {"source": "b"}, "there is no source 'b'; expected one of a, short"),
        ("pause", {"source": "short"}, "source 'short' has ended"),
        ("snapshot", {"source": "short"}, "source 'short' has ended"),
        ("sample", {"source": "b"}, "there is no source 'b'"),
        ("reload", {}, "no file to read"),
        ("set-threshold", {}, "expected score_threshold, iou_threshold or both"),
    ],
)
def test_what_cannot_be_done_says_why(
    remote: Remote, name: str, args: dict[str, str], reason: str
) -> None:
    remote.subscriber.wait_for(lambda m: m.topic.endswith("/short/status") and m.state == "ended")

    reply = remote(name, **args)

    assert reply["status"] == "error"
    assert reason in reply["reason"]


def test_paused_source_gives_no_snapshot(remote: Remote) -> None:
    remote("pause", source="a")

    assert remote("snapshot", source="a")["reason"] == "source 'a' is paused; resume it first"
