"""Sampling inside a running application: from frames to a folder that can be labelled."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from edgedet.app import Application, Event
from edgedet.clock import SystemClock
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError
from edgedet.sample.base import State
from edgedet.sampling import FOLDER, SAMPLES, open_store
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from edgedet.vitals import Observer
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import wait_until

WAIT_S = 30.0
ALL: dict[str, Any] = {
    "enabled": True,
    "strategies": [{"name": "all", "type": "random", "limits": [{"type": "daily", "value": 4}]}],
    "diversity": {"enabled": False},
    "reserve_mib": 0,
}


def run(settings: Settings) -> Application:
    """A run of finite sources, to its end."""
    app = Application(settings)
    try:
        app.start()
        assert app.wait(WAIT_S) is Event.ENDED
        assert app.error is None
    finally:
        assert app.stop(WAIT_S)
    return app


def samples_of(settings: Settings) -> list[Any]:
    store = open_store(settings, may_create=False)
    found = store.ledger.samples()
    store.ledger.close()
    return found


def sampled(folder: Path, **changes: object) -> Settings:
    return tiny_settings(folder, state_dir=folder / "state", sampling={**ALL, **changes})


def test_frames_arrive_in_the_folder_within_the_budget_over_restarts(tmp_path: Path) -> None:
    settings = sampled(tmp_path)
    for _ in range(2):
        run(settings)

    found = samples_of(settings)
    folder = tmp_path / "state" / SAMPLES / FOLDER
    assert [each.state for each in found] == [State.DONE] * 4
    images = sorted((folder / "images" / "a").glob("*.jpg"))
    labels = sorted((folder / "labels" / "a").glob("*.txt"))
    assert [path.stem for path in images] == [path.stem for path in labels]
    assert {path.stem for path in images} == {each.id for each in found}
    assert (folder / "classes.txt").read_text("utf-8") == "bright\n"
    facts = json.loads(images[0].with_suffix(".json").read_text("utf-8"))
    assert facts["strategy"] == "all"
    assert not list((tmp_path / "state" / SAMPLES / "frames").rglob("*.jpg"))


def test_frames_arrive_at_roboflow_with_what_was_seen(tmp_path: Path) -> None:
    with LabelService(LabelOptions(project="frames", api_key="rf-secret-1")) as service:
        (tmp_path / "key").write_text("rf-secret-1", encoding="utf-8")
        roboflow = {"project": "frames", "api_key_file": tmp_path / "key", "url": service.url}
        settings = sampled(tmp_path, sink="roboflow", roboflow=roboflow, tags=["demo"])
        service.inject(LabelFault("lost_answer", on="upload"))
        for _ in range(3):  # what a run has no time for, the next one sends
            run(settings)
            if all(each.state is State.DONE for each in samples_of(settings)):
                break
            time.sleep(0.05)

    found = samples_of(settings)
    assert [each.state for each in found] == [State.DONE] * 4
    assert {image.name for image in service.images} == {f"{each.id}.jpg" for each in found}
    assert {image.tags for image in service.images} == {("demo",)}
    assert all(i.batch.startswith("bench-a-") and i.is_prediction for i in service.images)


def test_off_costs_and_leaves_nothing(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, state_dir=tmp_path / "state")

    app = run(settings)

    assert app.samples.now is None
    assert app._pipeline.tap.copied == 0
    assert not (tmp_path / "state" / SAMPLES).exists()


def test_a_frame_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    source: dict[str, object] = {"id": "cam", "uri": PATTERN}
    settings = tiny_settings(
        tmp_path, source, state_dir=tmp_path / "state", sampling={**ALL, "strategies": []}
    )
    app = Application(settings)
    try:
        app.start()
        assert app.samples.now is not None
        app.samples.now.request("cam")
        for _ in range(300):
            app.wait(0.1)
            if app.samples.now.status().frames["kept"]:
                break
        status = app.samples.now.status()
        observer = Observer(app, settings, SystemClock())
        wait_until(lambda: not observer.look().extra["sampling"]["to_send"])
        figures = {**observer.look().extra["sampling"], "looked_at": status.frames["looked_at"]}
    finally:
        assert app.stop(WAIT_S)

    counts = dict.fromkeys(("dropped", "damaged_ledgers", "to_approve", "to_send"), 0)
    assert figures == {**status.frames, **counts, "trouble": ""}
    assert status.frames["kept"] == 1
    assert status.counters["kept"] == 1
    assert [each.strategy for each in samples_of(settings)] == ["operator"]


def test_a_source_has_its_own_threshold(tmp_path: Path) -> None:
    source = {
        "id": "a",
        "uri": f"{PATTERN}&frames=30",
        "realtime": False,
        "objects": {"score_threshold": 1.0},
    }
    settings = tiny_settings(tmp_path, source, state_dir=tmp_path / "state", sampling=ALL)
    run(settings)

    found = samples_of(settings)
    assert len(found) == 4
    assert [each.objects for each in found] == [()] * 4


def test_manual_approval_leaves_frames_in_the_store(tmp_path: Path) -> None:
    settings = sampled(tmp_path, approval="manual")
    run(settings)

    assert {each.state for each in samples_of(settings)} == {State.KEPT}
    assert len(list((tmp_path / "state" / SAMPLES / "frames" / "a").glob("*.jpg"))) == 4
    assert not (tmp_path / "state" / SAMPLES / FOLDER).exists()


def test_a_store_has_one_service_and_the_other_watches_its_cameras_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = sampled(tmp_path)
    first = Application(settings)
    with caplog.at_level(logging.ERROR):
        second = run(settings)

    assert second.samples.now is None
    assert second.snapshot().frames == 30
    assert "no frames are sampled: another edgedet keeps its samples" in caplog.text
    assert first.stop(WAIT_S)
    assert run(settings).samples.now is not None


def test_classes_that_the_model_lacks_keep_it_from_starting(tmp_path: Path) -> None:
    strategies = [{"name": "s", "type": "classes_based", "selected_class_names": ["cat"]}]
    with pytest.raises(ConfigError, match="selects cat; the model has bright"):
        Application(sampled(tmp_path, strategies=strategies))
