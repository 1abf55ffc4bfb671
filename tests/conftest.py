"""Fixtures for all tests."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from edgedet.commands import detect
from edgedet.detect import remembered
from tests.brokers import MOSQUITTO, Mosquitto, Subscriber

THREAD_PATIENCE_S = 5.0

# how long an example takes says what else the machine does, and nothing of what is tested
hypothesis.settings.register_profile("edgedet", deadline=None)
hypothesis.settings.load_profile("edgedet")

StartMosquitto = Callable[..., Mosquitto]
Subscribe = Callable[..., Subscriber]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps what `backend: auto` remembers out of the cache of whoever runs the tests."""
    for module in (remembered, detect):
        monkeypatch.setattr(module, "user_cache_dir", lambda: tmp_path / "own-cache")


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fails a test that leaves a thread running; daemons of libraries are theirs."""
    before = set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + THREAD_PATIENCE_S
    left: list[threading.Thread] = []
    while time.monotonic() < deadline_s:
        left = [t for t in threading.enumerate() if t not in before and not t.daemon]
        if not left:
            return
        time.sleep(0.01)
    pytest.fail(f"threads left running: {', '.join(thread.name for thread in left)}")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of reference data (`parity/`, `pets09/`, …); skips where there is none."""
    folder = os.environ.get("EDGEDET_TEST_DATA")
    if not folder:
        pytest.skip("EDGEDET_TEST_DATA is not set: no reference data here")
    if not Path(folder).is_dir():
        pytest.skip(f"EDGEDET_TEST_DATA={folder} is not a folder")
    return Path(folder)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[StartMosquitto]:
    """Starts real brokers: `mosquitto(*lines_of_mosquitto_conf, is_started=True)`."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    brokers: list[Mosquitto] = []

    def start(*options: str, is_started: bool = True) -> Mosquitto:
        broker = Mosquitto(tmp_path / f"mosquitto-{len(brokers)}", options)
        brokers.append(broker)
        return broker.start() if is_started else broker

    yield start
    for broker in brokers:
        broker.stop()


@pytest.fixture
def subscribe() -> Iterator[Subscribe]:
    """Makes subscribers: `subscribe(port, topic="#")`; see `tests.brokers.Subscriber`."""
    subscribers: list[Subscriber] = []

    def make(port: int, topic: str = "#", *, is_v5: bool = True, **login: str) -> Subscriber:
        subscriber = Subscriber(port, topic, 1, is_v5=is_v5, **login)
        subscribers.append(subscriber)
        return subscriber

    yield make
    for subscriber in subscribers:
        subscriber.close()
