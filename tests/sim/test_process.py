"""Programs that are started, watched and ended."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.errors import SimError
from edgedet.sim.process import Process
from tests.brokers import wait_until

SLEEPER = "import time; print('here', flush=True); time.sleep(60)"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Process]:
    process = Process([sys.executable, "-c", SLEEPER], tmp_path / "log")
    yield process
    process.kill()


def test_says_where_it_stands(sleeper: Process) -> None:
    assert (sleeper.is_alive, sleeper.pid, sleeper.exit_code, sleeper.said()) == (
        False, None, None, "",
    )  # fmt: skip
    sleeper.start()
    assert wait_until(lambda: "here" in sleeper.said())
    figures = sleeper.figures()
    assert figures["rss_mb"] > 1
    assert figures["threads"] >= 1
    assert figures["fds"] >= 3
    with pytest.raises(SimError, match="runs already"):
        sleeper.start()
    assert sleeper.stop(10.0) == -signal.SIGTERM
    assert sleeper.figures() == {}


def test_runs_again_into_the_same_log(sleeper: Process) -> None:
    sleeper.start()
    assert wait_until(lambda: "here" in sleeper.said())
    sleeper.kill()
    before = sleeper.said_bytes
    sleeper.start()
    assert wait_until(lambda: "here" in sleeper.said(before))
    assert sleeper.said().count("here") == 2


def test_one_that_does_not_end_is_made_to(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
    process = Process([sys.executable, "-c", code], tmp_path / "log")
    process.start()
    assert wait_until(lambda: "here" in process.said())
    assert process.stop(0.1) is None
    assert process.exit_code == -signal.SIGKILL


def test_what_is_not_installed_is_told(tmp_path: Path) -> None:
    process = Process([str(tmp_path / "nothing")], tmp_path / "log")
    with pytest.raises(SimError, match="is it installed"):
        process.start()
    assert process.stop(0.1) is None
