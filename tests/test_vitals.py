"""The figures of a real run, as health sees them."""

from dataclasses import replace
from pathlib import Path

from edgedet.app import Application, Event
from edgedet.clock import SystemClock
from edgedet.event import LastRun, RunEnd, SourceState
from edgedet.health.documents import state_document
from edgedet.health.verdict import failures, liveness, readiness
from edgedet.publish.identity import Birth
from edgedet.vitals import Observer
from tests.runs import PATTERN, tiny_settings

WAIT_S = 30.0


def test_figures_of_a_finished_run_agree_with_each_other(tmp_path: Path) -> None:
    settings = tiny_settings(
        tmp_path,
        {"id": "a", "uri": f"{PATTERN}&frames=40", "realtime": False},
        {"id": "b", "uri": f"{PATTERN}&frames=25", "realtime": False},
    )
    last = LastRun(RunEnd.CRASHED, "ModelError: gone")
    app = Application(settings, birth=Birth("6f1c2a90", last))
    observer = Observer(app, settings, SystemClock())
    before = observer.look()
    app.start()
    assert app.wait(WAIT_S) is Event.ENDED
    after = observer.look()
    assert app.stop(WAIT_S)

    assert before.model.backend == ""
    assert "infer" not in [sign.stage for sign in before.signs]
    assert (after.site, after.device, after.boot) == ("lab", "bench", "6f1c2a90")
    assert after.last_run is last
    assert after.model.backend == "onnxruntime"
    assert after.model.score_threshold == app.bundle.manifest.thresholds.score
    assert after.broker is None
    assert [(s.status.source_id, s.decoded, s.detected) for s in after.sources] == [
        ("a", 40, 40),
        ("b", 25, 25),
    ]
    assert {s.status.state for s in after.sources} == {SourceState.ENDED}
    assert after.frames == 65
    for stage in ("wait", "queue", "paint", "infer", "post", "total"):
        assert sum(after.stages[stage].counts) == 65
    assert failures(liveness(after)) == []


def test_a_broker_that_is_away_is_told_without_credentials(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, mqtt={"url": "mqtt://127.0.0.1:1"})
    app = Application(settings)
    vitals = Observer(app, settings, SystemClock()).look()
    app.stop(WAIT_S)

    assert vitals.broker is not None
    assert not vitals.broker.is_connected
    assert "mqtt" in [sign.stage for sign in vitals.signs]


def test_a_part_that_does_not_work_is_told(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    (state_dir / "samples").write_text("a file where a folder should be")
    sampling = {"enabled": True, "strategies": [{"type": "random", "name": "some"}]}
    settings = tiny_settings(tmp_path, sampling=sampling, state_dir=str(state_dir))
    app = Application(settings)
    vitals = Observer(app, settings, SystemClock()).look()
    app.stop(WAIT_S)

    assert list(vitals.troubles) == ["sampling"]
    assert "could not be opened (cannot make the folder" in vitals.troubles["sampling"]
    assert vitals.extra["sampling_start"] == {"failed": 1}
    assert failures(readiness(vitals)) == failures(readiness(replace(vitals, troubles={})))
    assert "'sampling'" in str(state_document(vitals, {})["problems"])
