"""Sources that come and go, as subscribers and whoever watches over the run see it."""

from pathlib import Path

from edgedet.sampling import Sampling
from tests.brokers import Received
from tests.conftest import StartMosquitto, Subscribe
from tests.reloads import running


def _is_told(message: Received, source_id: str, kind: str = "status") -> bool:
    return message.topic.endswith(f"/src/{source_id}/{kind}")


def test_subscribers_are_told_of_what_comes_and_goes(
    mosquitto: StartMosquitto, subscribe: Subscribe, tmp_path: Path
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port, "#")
    mqtt = {"url": broker.url, "home_assistant": {"enabled": True}}
    with running(tmp_path, mqtt=mqtt, jsonl=None) as bench:
        bench.add("new")
        subscriber.wait_for(lambda m: _is_told(m, "new") and m.state == "live")
        subscriber.wait_for(lambda m: _is_told(m, "new", "counts"))
        infos = [m for m in subscriber.messages if m.topic.endswith("/info")]
        assert infos[-1].body["sources"] == ["a", "b", "off", "new"]
        bench.drop("b")
        subscriber.wait_for(lambda m: m.topic.endswith("/info") and "b" not in m.body["sources"])
        subscriber.wait_for(lambda m: _is_told(m, "b") and not m.payload)
        subscriber.wait_for(lambda m: _is_told(m, "b", "counts") and not m.payload)
        ends = subscriber.wait_for(lambda m: _is_told(m, "new", "detections"))
        assert ends.payload
    # nothing of the source is left at the broker
    late = subscribe(broker.port, "#")
    late.wait_for(lambda m: m.topic.endswith("bench/status") or m.topic.endswith("/info"))
    late.wait_for(lambda m: _is_told(m, "new"))
    assert not [m for m in late.messages if "/src/b/" in m.topic]
    config = late.wait_for(lambda m: m.topic.startswith("homeassistant/device/"))
    assert "name" in config.body["cmps"]["new_fps"]
    assert config.body["cmps"]["b_fps"] == {"platform": "sensor"}


def test_sampling_goes_by_the_settings_that_hold(tmp_path: Path) -> None:
    with running(tmp_path, sampling={"enabled": True, "reserve_mib": 0}) as bench:
        sampling = bench.app.samples.now
        assert isinstance(sampling, Sampling)
        bench.change(0, objects={"score_threshold": 0.9})
        assert sampling.sources.score_threshold("a") == 0.9
        bench.drop("a")
        assert sampling.sources.score_threshold("a") is None
