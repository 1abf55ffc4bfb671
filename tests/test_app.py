"""The application as a whole, with a real model, real sources and a real broker."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedet.app import Application, Event
from edgedet.config.settings import Settings
from edgedet.detect import available_backends
from edgedet.errors import ConfigError, ModelError, PublishError
from edgedet.event import SourceState
from edgedet.stream.feeder import Outcome
from tests.brokers import Mosquitto, Subscriber, free_port, wait_until
from tests.runs import PATTERN, read_lines, tiny_settings

WAIT_S = 30.0
Start = Callable[[Settings], Application]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts applications, and sees to it that they stop with all their threads."""
    running: list[Application] = []

    def make(settings: Settings) -> Application:
        app = Application(settings)
        running.append(app)
        app.start()
        return app

    yield make
    for app in running:
        assert app.stop(WAIT_S)


def _lossless(source_id: str, frames: int) -> dict[str, object]:
    return {"id": source_id, "uri": f"{PATTERN}&frames={frames}", "realtime": False}


def test_every_frame_of_finite_sources_is_written_in_order(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    app = start(tiny_settings(tmp_path, _lossless("a", 40), _lossless("b", 25), jsonl=out))
    assert app.wait(WAIT_S) is Event.ENDED
    assert app.error is None
    assert app.flush(WAIT_S) == (Event.FLUSHED, 0)
    lines = read_lines(out)
    for name, count in (("a", 40), ("b", 25)):
        seqs = [line["frame"]["seq"] for line in lines if line["source"] == name]
        assert seqs == list(range(count))
    snapshot = app.snapshot()
    assert snapshot.frames == 65
    assert snapshot.backend == "onnxruntime"
    assert [view.outcome for view in snapshot.sources] == [Outcome.ENDED] * 2


def test_every_message_reaches_the_broker(
    start: Start,
    tmp_path: Path,
    mosquitto: Callable[[], Mosquitto],
    subscribe: Callable[[int], Subscriber],
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    app = start(tiny_settings(tmp_path, _lossless("a", 40), mqtt={"url": broker.url}))
    assert app.wait(WAIT_S) is Event.ENDED
    assert app.flush(WAIT_S) == (Event.FLUSHED, 0)
    app.stop(WAIT_S)
    found = subscriber.wait_for_all(lambda m: m.topic.endswith("/src/a/detections"), 40)
    assert [message.body["frame"]["seq"] for message in found] == list(range(40))
    subscriber.wait_for(lambda m: m.topic.endswith("/src/a/status") and m.state == "ended")
    subscriber.wait_for(lambda m: m.topic.endswith("/bench/status") and m.state == "stopped")


def test_a_late_subscriber_sees_no_live_source_of_a_service_that_was_stopped(
    start: Start,
    tmp_path: Path,
    mosquitto: Callable[[], Mosquitto],
    subscribe: Callable[[int], Subscriber],
) -> None:
    broker = mosquitto()
    app = start(tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}, mqtt={"url": broker.url}))
    before = subscribe(broker.port)
    before.wait_for(lambda m: m.topic.endswith("/src/a/status") and m.state == "live")
    app.stop(WAIT_S)

    late = subscribe(broker.port)

    status = late.wait_for(lambda m: m.topic.endswith("/src/a/status"))
    assert (status.state, status.body["reason"]) == ("disabled", "the service was stopped")
    assert status.body["fps_in"] == 0
    assert late.wait_for(lambda m: m.topic.endswith("/bench/status")).state == "stopped"


def test_events_and_counts_reach_the_broker(
    start: Start,
    tmp_path: Path,
    mosquitto: Callable[[], Mosquitto],
    subscribe: Callable[[int], Subscriber],
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    whole = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    source = _lossless("a", 40) | {"zones": [{"name": "all", "points": whole}]}
    app = start(tiny_settings(tmp_path, source, mqtt={"url": broker.url}))
    assert app.wait(WAIT_S) is Event.ENDED
    assert app.flush(WAIT_S) == (Event.FLUSHED, 0)
    app.stop(WAIT_S)

    end = subscriber.wait_for(
        lambda m: m.topic.endswith("/src/a/events") and m.body["type"] == "end"
    )

    assert end.body["reason"] == "source_ended"
    told = [m.body for m in subscriber.messages if m.topic.endswith("/src/a/events")]
    track = end.body["object"]["track"]
    mine = [body["type"] for body in told if body["object"]["track"] == track]
    assert mine == ["start", "enter", "leave", "end"]
    assert [body["seq"] for body in told] == list(range(len(told)))
    subscriber.wait_for(
        lambda m: m.topic.endswith("/src/a/counts") and sum(m.body["zones"]["all"].values()) >= 1
    )
    found = subscriber.wait_for_all(lambda m: m.topic.endswith("/src/a/detections"), 40)
    seen = [message.body for message in found]
    ids = {each["track"] for body in seen for each in body["objects"]}
    assert track in ids


def test_without_a_broker_the_lost_messages_are_counted(start: Start, tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    app = start(tiny_settings(tmp_path, _lossless("a", 20), mqtt={"url": url}))
    assert app.wait(WAIT_S) is Event.ENDED
    event, lost = app.flush(0.2)
    assert event is Event.FLUSHED
    assert lost >= 20
    assert app.snapshot().broker_url == url


def test_what_was_spooled_without_a_broker_is_sent_by_the_next_run(
    start: Start,
    tmp_path: Path,
    mosquitto: Callable[..., Mosquitto],
    subscribe: Callable[[int], Subscriber],
) -> None:
    broker = mosquitto(is_started=False)
    mqtt = {"url": broker.url, "queue_size": 10, "spool": {"kinds": ["detections"]}}
    app = start(tiny_settings(tmp_path, _lossless("a", 40), mqtt=mqtt))
    assert app.wait(WAIT_S) is Event.ENDED  # though no more than 10 fit into memory
    event, left = app.flush(0.2)
    assert event is Event.FLUSHED
    assert left >= app.snapshot().spooled == 40
    app.stop(WAIT_S)

    broker.start()
    subscriber = subscribe(broker.port)
    app = start(tiny_settings(tmp_path, _lossless("a", 20), mqtt=mqtt))
    assert app.wait(WAIT_S) is Event.ENDED
    assert app.flush(WAIT_S) == (Event.FLUSHED, 0)

    told = subscriber.wait_for_all(lambda m: m.topic.endswith("/a/detections"), 60)
    first, second = dict.fromkeys(message.body["boot"] for message in told)
    late = [m.body["seq"] for m in told if m.body["boot"] == first and "/backlog/" in m.topic]
    assert late == list(range(40))
    # more than fits into memory is under way, so some of them may go over the backlog, too
    assert sorted(m.body["seq"] for m in told if m.body["boot"] == second) == list(range(20))


def test_a_full_outbox_holds_up_a_lossless_source(start: Start, tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    settings = tiny_settings(tmp_path, _lossless("a", 500), mqtt={"url": url, "queue_size": 10})
    app = start(settings)
    assert wait_until(app.has_stuck_outlet, WAIT_S)
    assert app.wait(0.0) is None
    assert app.is_finite
    assert app.snapshot().frames < 100


def test_a_source_that_fails_leaves_the_others_alone(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"RIFF this is no video" * 50)
    out = tmp_path / "out.jsonl"
    settings = tiny_settings(
        tmp_path,
        _lossless("good", 20),
        {"id": "gone", "uri": "file:///nowhere/gone.avi"},
        {"id": "broken", "uri": broken.as_uri(), "realtime": False},
        jsonl=out,
    )
    app = start(settings)
    assert app.wait(WAIT_S) is Event.ENDED
    assert app.error is None
    assert set(app.failed_sources) == {"gone", "broken"}
    assert len(read_lines(out)) == 20
    reasons = {view.status.source_id: view.status.reason for view in app.snapshot().sources}
    assert "is not there" in reasons["gone"]
    assert reasons["broken"] != ""


def test_a_live_source_runs_until_interrupted(start: Start, tmp_path: Path) -> None:
    app = start(tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}))
    assert not app.is_finite
    assert app.wait(2.0) is None
    app.interrupt()
    assert app.wait(WAIT_S) is Event.INTERRUPTED
    view = app.snapshot().sources[0]
    assert view.status.state is SourceState.LIVE
    assert view.figures.detected > 0
    assert app.stop(WAIT_S)
    assert app.stop(WAIT_S)


def test_a_model_that_cannot_be_loaded_ends_the_run(start: Start, tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, {"id": "a", "uri": PATTERN})
    (settings.model.bundle / "model.onnx").write_bytes(b"no model")
    app = start(settings)
    assert app.wait(WAIT_S) is Event.ENDED
    assert isinstance(app.error, ModelError)


def test_disabled_sources_are_left_alone_and_said_to_be(
    start: Start,
    tmp_path: Path,
    mosquitto: Callable[[], Mosquitto],
    subscribe: Callable[[int], Subscriber],
) -> None:
    broker = mosquitto()
    subscriber = subscribe(broker.port)
    off = {"id": "off", "uri": "rtsp://10.0.0.5/1", "enabled": False}
    start(tiny_settings(tmp_path, _lossless("a", 1), off, mqtt={"url": broker.url}))
    message = subscriber.wait_for(lambda m: m.topic.endswith("/src/off/status"))
    while message.state != "disabled":
        message = subscriber.wait_for(lambda m: m.state == "disabled")
    assert message.body["reason"] == "enabled: false in the configuration"


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, model={"bundle": tmp_path / "none"})
    with pytest.raises(ConfigError, match="is not there; expected a model bundle"):
        Application(settings)
    with pytest.raises(ModelError, match="no model bundle in"):
        Application(tiny_settings(tmp_path, model={"bundle": tmp_path}))


def test_nothing_enabled_is_refused(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, {"id": "a", "uri": PATTERN, "enabled": False})
    with pytest.raises(ConfigError, match="no source is enabled"):
        Application(settings)


def test_addresses_that_can_never_work_are_refused(tmp_path: Path) -> None:
    settings = tiny_settings(
        tmp_path, {"id": "a", "uri": "test://bal"}, {"id": "b", "uri": "rtsp://h:x/"}
    )
    with pytest.raises(ConfigError, match="2 of the sources") as caught:
        Application(settings)
    assert len(caught.value.problems) == 2


def test_an_output_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, jsonl=tmp_path / "no" / "out.jsonl")
    with pytest.raises(PublishError, match="cannot write detections"):
        Application(settings)


def test_the_settings_thresholds_win_over_the_bundles(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    settings = tiny_settings(tmp_path, _lossless("a", 3), jsonl=out)
    model = settings.model.model_copy(update={"score_threshold": 1.0})
    app = start(settings.model_copy(update={"model": model}))
    assert app.wait(WAIT_S) is Event.ENDED
    assert [line["objects"] for line in read_lines(out)] == [[], [], []]


@pytest.mark.skipif(len(available_backends()) < 2, reason="one backend needs no choice")
def test_the_choice_of_a_backend_outlives_the_run_in_the_state_dir(
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgedet.detect.auto.is_overloaded", lambda: False)
    caplog.set_level(logging.INFO, "edgedet.detect")
    state_dir = tmp_path / "state"
    bundle = tiny_settings(tmp_path).model.bundle
    model = {"bundle": bundle, "backend": "auto", "threads": 1}
    for said in ("measured in", "as measured on"):
        caplog.clear()
        app = start(tiny_settings(tmp_path, model=model, state_dir=state_dir))
        assert app.wait(WAIT_S) is Event.ENDED
        assert app.error is None
        assert said in caplog.text
    assert len(list((state_dir / "backends").iterdir())) == 1


@pytest.mark.skipif(len(available_backends()) < 2, reason="one backend needs no choice")
def test_the_choice_is_made_anew_when_told_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edgedet.detect")
    bundle = tiny_settings(tmp_path).model.bundle
    model = {"bundle": bundle, "backend": "auto", "threads": 1}
    settings = tiny_settings(tmp_path, model=model, state_dir=tmp_path / "state")
    for _ in range(2):
        caplog.clear()
        app = Application(settings, remeasures=True)
        app.start()
        assert app.wait(WAIT_S) is Event.ENDED
        assert app.stop(WAIT_S)
        assert "measured in" in caplog.text
