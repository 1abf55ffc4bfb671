"""A start whatever lies in `state_dir`: nothing hangs, ends it, or is lost without a word."""

import os
from functools import partial
from pathlib import Path

import pytest

from edgedet.app import Application
from edgedet.clock import SystemClock
from edgedet.health.last_run import RunRecord
from edgedet.publish.identity import Birth
from tests.brokers import free_port
from tests.odd_files import ODD, put_odd
from tests.runs import PATTERN, tiny_settings
from tests.stream.fakes import WAIT_S, wait_until

FILES = (
    "last-run.json",
    "commands.json",
    "orders.json",
    "home_assistant.json",
    "models/active.json",
    "models/rollout.json",
    "models/wish.json",
    "spool.db",
    "samples/ledger.db",
)


@pytest.mark.parametrize("first", [0, 3])
def test_a_run_begins_and_puts_aside_what_is_none(
    tmp_path: Path, first: int, caplog: pytest.LogCaptureFixture
) -> None:
    for number, name in enumerate(FILES, first):
        put_odd(tmp_path / "state" / name, ODD[number % len(ODD)])
    settings = tiny_settings(
        tmp_path,
        {"id": "cam", "uri": PATTERN},
        mqtt={
            "url": f"mqtt://127.0.0.1:{free_port()}",
            "commands": {"enabled": True, "allow": ["pause"]},
            "home_assistant": {"enabled": True},
        },
        sampling={"enabled": True, "strategies": [{"name": "all", "type": "random"}]},
    )

    last = RunRecord(settings.state_dir, SystemClock()).begin("00000001")

    app = Application(settings, birth=Birth(last_run=last))
    try:
        app.start()
        wait_until(lambda: app.stats.frames > 3)
        for name in FILES:
            wait_until(partial(os.path.lexists, tmp_path / "state" / f"{name}.damaged"))
    finally:
        assert app.stop(WAIT_S)

    told = caplog.text + last.detail
    assert [name for name in FILES if f"{name}.damaged'" not in told] == []
