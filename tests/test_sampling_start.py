"""Sampling whose store cannot be opened begins by itself once it can, and holds up nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgedet import sampling_start
from edgedet.app import Application
from edgedet.clock import SystemClock
from edgedet.config.settings import Settings
from edgedet.sampling import SAMPLES
from edgedet.vitals import Observer
from tests.runs import PATTERN, tiny_settings
from tests.small_disks import small_disk
from tests.stream.fakes import WAIT_S, wait_until

CAMERA: dict[str, object] = {"id": "cam", "uri": PATTERN}
SAMPLING = {
    "enabled": True,
    "strategies": [{"name": "all", "type": "random"}],
    "diversity": {"enabled": False},
    "reserve_mib": 0,
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling_start, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(sampling_start, "MOST_WAIT_S", 0.1)


@contextmanager
def running(settings: Settings) -> Iterator[tuple[Application, Observer]]:
    app = Application(settings)
    try:
        app.start()
        yield app, Observer(app, settings, SystemClock())
    finally:
        assert app.stop(WAIT_S)


def _kept(app: Application) -> int:
    return 0 if app.samples.now is None else app.samples.now.status().frames["kept"]


def test_a_full_disk_that_has_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        disk.fill()
        with running(
            tiny_settings(tmp_path, CAMERA, state_dir=disk.folder / "state", sampling=SAMPLING)
        ) as (app, observer):
            wait_until(lambda: app.stats.frames > 3 and app.samples.failed > 2)
            assert app.samples.now is None
            found = observer.look()
            assert "it is tried again" in found.troubles["sampling"]
            assert found.extra["sampling_start"]["failed"] == app.samples.failed
            disk.free()
            wait_until(lambda: _kept(app))
            assert "sampling" not in observer.look().troubles


def test_what_is_new_until_then_holds(tmp_path: Path) -> None:
    folder = tmp_path / "state" / SAMPLES
    folder.parent.mkdir()
    folder.write_text("a file where a folder should be")
    with running(tiny_settings(tmp_path, CAMERA, sampling=SAMPLING)) as (app, _observer):
        source = app.reloader.settings.sources[0]
        objects = source.objects.model_copy(update={"score_threshold": 0.9})
        app.samples.set_sources([source.model_copy(update={"objects": objects})])
        folder.unlink()
        wait_until(lambda: app.samples.now)
        assert app.samples.now is not None
        assert app.samples.now.sources.score_threshold("cam") == 0.9


def test_a_service_takes_over_the_store_that_another_gives_up(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, CAMERA, sampling=SAMPLING)
    first = Application(settings)
    with running(settings) as (second, _observer):
        assert "another edgedet keeps" in second.samples.trouble
        assert first.stop(WAIT_S)
        wait_until(lambda: _kept(second))


def test_a_damaged_ledger_makes_way_for_a_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state" / SAMPLES
    (folder / "frames" / "cam").mkdir(parents=True)
    (folder / "frames" / "cam" / "unknown.jpg").touch()
    (folder / "ledger.db").write_bytes(b"no ledger any more" * 1000)
    with running(tiny_settings(tmp_path, CAMERA, sampling=SAMPLING)) as (app, observer):
        wait_until(lambda: _kept(app))
        found = observer.look()
        assert found.extra["sampling"]["damaged_ledgers"] == 1
        assert "sampling" not in found.troubles
    assert (folder / "ledger.db.damaged").read_bytes().startswith(b"no ledger")
    assert "0 samples saved" in caplog.text
    assert not (folder / "frames" / "cam" / "unknown.jpg").exists()


def test_the_ledger_of_another_service_is_not_moved_away(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, CAMERA, sampling=SAMPLING)
    first = Application(settings)
    try:
        (tmp_path / "state" / SAMPLES / "ledger.db").write_bytes(b"no ledger any more" * 1000)
        second = Application(settings)
        assert "another edgedet keeps" in second.samples.trouble
        assert not (tmp_path / "state" / SAMPLES / "ledger.db.damaged").exists()
    finally:
        assert first.stop(WAIT_S)
