"""The page's desk beside a run: what is clicked and what the uploader does are one truth."""

from pathlib import Path
from typing import Any

import pytest

from edgedet.app import Application
from edgedet.clock import SystemClock
from edgedet.errors import UsageError
from edgedet.event import SourceState
from edgedet.health.base import Decision, SampleQuery
from edgedet.sample_desk import SampleDesk
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import wait_until

WAIT_S = 30.0


def states(desk: SampleDesk) -> dict[str, int]:
    found: Any = desk.listed(SampleQuery())["states"]
    return {name: count for name, count in found.items() if count}


def test_asked_for_approved_and_sent_while_it_runs(tmp_path: Path) -> None:
    sampling = {"enabled": True, "approval": "manual", "reserve_mib": 0}
    source: dict[str, object] = {"id": "cam", "uri": PATTERN}
    app = Application(tiny_settings(tmp_path, source, sampling=sampling))

    def state_of(source_id: str) -> SourceState | None:
        found = {view.status.source_id: view.status.state for view in app.snapshot().sources}
        return found.get(source_id)

    desk = SampleDesk(lambda: app.samples.now, state_of, SystemClock())
    with pytest.raises(UsageError, match="'nobody' is not there"):
        desk.keep("nobody")
    try:
        app.start()
        wait_until(lambda: state_of("cam") is SourceState.LIVE, timeout_s=WAIT_S)
        ids = tuple(desk.keep("cam").result(WAIT_S) for _ in range(2))
        assert states(desk) == {"kept": 2}
        desk.decide(Decision("approve", ids[:1]))
        wait_until(lambda: states(desk) == {"kept": 1, "done": 1}, timeout_s=WAIT_S)
        outcome: Any = desk.decide(Decision("undo", ids[:1]))
        assert [each["state"] for each in outcome["late"]] == ["done"]
        desk.decide(Decision("reject", ids[1:], "dark"))
        assert desk.picture(ids[1], 320) is not None, "until the minute is over"
    finally:
        assert app.stop(WAIT_S)
    assert not list((tmp_path / "state" / "samples" / "frames").rglob("*.jpg"))
