"""What was ordered by command holds in the next run too, as long as it can be taken back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.app import Application
from tests.brokers import Received
from tests.conftest import StartMosquitto, Subscribe
from tests.reloads import running
from tests.runs import PATTERN, tiny_settings
from tests.test_remote import PREFIX, Remote

WAIT_S = 30.0
ALL = ["pause", "resume", "set-threshold"]

Restart = Callable[..., Remote]


@pytest.fixture
def restart(mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path) -> Iterator[Restart]:
    """Starts the application anew, with what the one before left in its state_dir."""
    broker = mosquitto()
    running: list[Application] = []

    def anew(allow: list[str] = ALL, score: float = 0.25) -> Remote:
        for app in running:
            assert app.stop(WAIT_S)
        settings = tiny_settings(
            tmp_path,
            {"id": "a", "uri": PATTERN},
            {"id": "b", "uri": PATTERN},
            mqtt={"url": broker.url, "commands": {"enabled": True, "allow": allow}},
        )
        model = settings.model.model_copy(update={"score_threshold": score})
        running.append(Application(settings.model_copy(update={"model": model})))
        remote = Remote(subscribe(broker.port, f"{PREFIX}/#"))
        remote.subscriber.listen(0.1)  # what is retained
        remote.subscriber.messages.clear()
        running[-1].start()
        remote.subscriber.wait_for(lambda m: m.topic.endswith("/b/status") and m.state == "live")
        return remote

    yield anew
    for app in running:
        assert app.stop(WAIT_S)


def _info(remote: Remote) -> dict[str, object]:
    remote.subscriber.wait_for(_is_info)
    found: dict[str, object] = [m for m in remote.subscriber.messages if _is_info(m)][-1].body
    return found


def _is_info(message: Received) -> bool:
    return message.topic == f"{PREFIX}/info"


def test_a_pause_holds_until_it_is_ended(restart: Restart) -> None:
    remote = restart()
    assert remote("pause", source="a")["result"] == {"paused": ["a"]}

    remote = restart()

    assert "paused by a command over MQTT at 2" in remote.status("disabled").body["reason"]
    assert _info(remote)["overrides"] == {
        "paused": ["a"],
        "score_threshold": None,
        "iou_threshold": None,
    }
    assert not any(m.topic.endswith("/a/detections") for m in remote.subscriber.messages)
    assert remote("resume")["result"] == {"paused": []}
    remote = restart()
    remote.status("live")


def test_a_pause_that_nobody_could_end_does_not_hold(restart: Restart) -> None:
    restart()("pause", source="a")

    restart(["pause"]).status("live")


def test_thresholds_hold_until_the_configuration_has_others(restart: Restart) -> None:
    remote = restart()
    assert remote("set-threshold", score_threshold=0.875)["result"]["score_threshold"] == 0.875

    remote = restart()

    assert _info(remote)["overrides"] == {
        "paused": [],
        "score_threshold": 0.875,
        "iou_threshold": None,
    }
    result = remote("set-threshold", iou_threshold=0.5)["result"]
    assert result == {"score_threshold": 0.875, "iou_threshold": 0.5}
    result = remote("set-threshold", score_threshold=None)["result"]
    assert result == {"score_threshold": 0.25, "iou_threshold": 0.5}
    remote = restart(score=0.375)
    result = remote("set-threshold", iou_threshold=0.5)["result"]
    assert result == {"score_threshold": 0.375, "iou_threshold": 0.5}


def test_reloads_tell_what_holds_and_leave_a_pause_as_it_is(
    mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path
) -> None:
    broker = mosquitto()
    remote = Remote(subscribe(broker.port, "edgedet/v1/lab/bench/#"))
    commands = {"enabled": True, "allow": [*ALL, "reload"]}
    device = {"site": "lab", "name": "bench"}
    with running(tmp_path, mqtt={"url": broker.url, "commands": commands}, device=device) as bench:
        remote("pause", source="a")
        remote("set-threshold", score_threshold=0.875)
        (made,) = (each for each in bench.content["sources"] if each["id"] == "a")
        bench.drop("a")
        remote.subscriber.wait_for(lambda m: m.topic.endswith("/a/status") and not m.payload)
        remote.subscriber.messages.clear()
        bench.content["sources"].append(made)
        bench.content["model"]["score_threshold"] = 0.5
        bench.reload()  # as by SIGHUP

        held: dict[str, object] = {"paused": ["a"], "score_threshold": None, "iou_threshold": None}
        remote.subscriber.wait_for(lambda m: _is_info(m) and m.body["overrides"] == held)
        assert remote.status("disabled").body["reason"].startswith("paused by a command")
        assert not any(m.topic.endswith("/a/detections") for m in remote.subscriber.messages)
        assert remote("resume", source="a")["result"] == {"paused": []}
        remote.status("live")
        remote("set-threshold", score_threshold=0.875)
        held = {"paused": [], "score_threshold": 0.875, "iou_threshold": None}
        remote.subscriber.wait_for(lambda m: _is_info(m) and m.body["overrides"] == held)
        remote.subscriber.messages.clear()
        bench.content["model"]["score_threshold"] = 0.375
        bench.reload()
        remote.subscriber.wait_for(
            lambda m: _is_info(m) and m.body["overrides"]["score_threshold"] is None
        )


def test_what_cannot_be_kept_is_not_done(restart: Restart, tmp_path: Path) -> None:
    remote = restart()
    (tmp_path / "state" / "orders.json").mkdir()

    reply = remote("pause", source="a")

    assert (reply["status"], reply["reason"][:29]) == ("error", "cannot keep it in state_dir (")
