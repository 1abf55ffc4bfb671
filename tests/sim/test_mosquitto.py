"""A real broker under control."""

from pathlib import Path

import pytest

from edgedet.errors import SimError
from edgedet.sim import mosquitto
from edgedet.sim.mosquitto import Mosquitto, find_mosquitto
from tests.conftest import Subscribe

needs_it = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


@needs_it
def test_is_back_on_its_port_after_each_end(tmp_path: Path, subscribe: Subscribe) -> None:
    broker = Mosquitto(tmp_path / "m")
    for end in (broker.stop, broker.kill, broker.stop):
        broker.start()
        subscribe(broker.port)
        end()
        assert not broker.is_alive


@needs_it
def test_a_wrong_option_is_told(tmp_path: Path) -> None:
    with pytest.raises(SimError, match=r"mosquitto does not start: .*nonsense"):
        Mosquitto(tmp_path / "m", ["nonsense true"]).start()


def test_that_it_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosquitto, "find_mosquitto", lambda: None)
    with pytest.raises(SimError, match="apt-get install mosquitto"):
        Mosquitto(tmp_path / "m")
