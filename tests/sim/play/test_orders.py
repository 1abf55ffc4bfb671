"""Orders, carried out and in words."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.errors import SimError
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelService
from edgedet.sim.play import orders
from edgedet.sim.play.orders import in_words, reload, tell_labels
from edgedet.sim.process import Process
from edgedet.sim.scenario.steps import LabelsOrder
from tests.brokers import wait_until

TALKER = """
import signal, sys
def hear(*_):
    print({said!r}, flush=True)
    {then}
signal.signal(signal.SIGHUP, hear)
print("here", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    made: list[Process] = []
    yield made
    for process in made:
        process.kill()


def _talker(processes: list[Process], log: Path, said: str, then: str = "pass") -> Process:
    process = Process([sys.executable, "-c", TALKER.format(said=said, then=then)], log)
    processes.append(process)
    process.start()
    assert wait_until(lambda: "here" in process.said())
    return process


def test_what_came_of_a_reload_is_told(processes: list[Process], tmp_path: Path) -> None:
    said = "INFO edgedet.reload: configuration read anew; applied: sources.a.uri"
    runtime = _talker(processes, tmp_path / "a", said)
    assert reload(runtime) == "applied: sources.a.uri"
    refused = "ERROR edgedet.reload: a.yaml: 1 problem; going on as before"
    runtime = _talker(processes, tmp_path / "b", refused)
    assert reload(runtime).startswith("refused: ")


def test_a_reload_that_comes_to_nothing_is_refused(
    processes: list[Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "RELOAD_TIMEOUT_S", 0.2)
    with pytest.raises(SimError, match=r"not read its configuration anew within 0\.2 s"):
        reload(_talker(processes, tmp_path / "a", "nothing"))
    monkeypatch.setattr(orders, "RELOAD_TIMEOUT_S", 60.0)
    with pytest.raises(SimError, match="has ended with 3"):
        reload(_talker(processes, tmp_path / "b", "nothing", "import os; os._exit(3)"))
    with pytest.raises(SimError, match="has never run"):
        reload(Process([sys.executable], tmp_path / "c"))


def test_words_keep_passwords_to_themselves() -> None:
    order = {"do": "password", "username": "viewer", "password": "hunter2"}
    assert in_words(order) == "password username=viewer"
    assert in_words({"do": "stall"}) == "stall"


def test_a_label_service_is_given_its_faults_and_forgiven() -> None:
    service = LabelService()
    order = {"do": "fault", "kind": "rate_limited", "on": "upload", "retry_after_s": 2}
    tell_labels(service, LabelsOrder.model_validate(order))
    fault = LabelFault("rate_limited", on="upload", retry_after_s=2)
    assert service._faults.take("upload") == fault
    tell_labels(service, LabelsOrder.model_validate(order))
    tell_labels(service, LabelsOrder.model_validate({"do": "forgive"}))
    assert service._faults.take("upload") is None
    service.stop()
