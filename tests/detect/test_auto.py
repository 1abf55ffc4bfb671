"""What `backend: auto` chooses, says and remembers, with real detectors of a tiny graph."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from edgedet.detect.auto import choose_detector, facts_of
from edgedet.detect.base import Detector
from edgedet.detect.onnxruntime import OrtDetector
from edgedet.detect.remembered import ChoiceStore, Facts
from edgedet.errors import ModelError
from edgedet.manifest import Bundle
from tests.detect.test_contest import PAPER, Entrant, fail
from tests.detect.tiny_bundle import make_tiny_bundle

MODULES = {"slow": "onnxruntime", "onnxruntime": "onnxruntime"}


class Bench:
    """A device with two backends; counts how often each was loaded."""

    def __init__(self, folder: Path) -> None:
        self.bundle: Bundle = make_tiny_bundle(folder / "tiny")
        self.store = ChoiceStore([folder / "state"])
        self.loaded: list[str] = []
        self.slow: Callable[[], Entrant] = lambda: Entrant(self.bundle, "slow", 0.02)

    @property
    def facts(self) -> Facts:
        return facts_of(self.bundle, MODULES, 1, 2)

    def choose(self, store: ChoiceStore | None = None) -> str:
        makers = {"slow": self._slow, "onnxruntime": self._fast}
        detector = choose_detector(self.bundle, makers, self.facts, store or self.store)
        detector.close()
        return detector.backend

    def _slow(self) -> Detector:
        self.loaded.append("slow")
        return self.slow()

    def _fast(self) -> Detector:
        self.loaded.append("onnxruntime")
        return OrtDetector(self.bundle, threads=1)


@pytest.fixture
def bench(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setattr("edgedet.detect.auto.is_overloaded", lambda: False)
    monkeypatch.setattr("edgedet.detect.contest.time", PAPER)
    caplog.set_level(logging.INFO, "edgedet.detect")
    return Bench(tmp_path)


def test_measures_once_and_says_what_it_found(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert bench.choose() == "onnxruntime"
    assert "backend auto: onnxruntime, measured in" in caplog.text
    assert "slow " in caplog.text
    assert bench.loaded == ["slow", "onnxruntime"]
    caplog.clear()
    assert bench.choose() == "onnxruntime"
    assert bench.loaded == ["slow", "onnxruntime", "onnxruntime"]
    assert "as measured on" in caplog.text
    assert "images/s" in caplog.text
    assert str(bench.store.folders[0]) in caplog.text


def test_measures_anew_when_told_to(bench: Bench) -> None:
    bench.choose()
    bench.choose(ChoiceStore(bench.store.folders, remeasures=True))
    assert bench.loaded.count("slow") == 2


def test_what_a_busy_machine_showed_is_measured_anew_on_a_calm_one(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgedet.detect.auto.is_overloaded", lambda: True)
    bench.choose()
    assert "other programs took the cores" in caplog.text
    bench.choose()
    assert bench.loaded.count("slow") == 1
    monkeypatch.setattr("edgedet.detect.auto.is_overloaded", lambda: False)
    bench.choose()
    bench.choose()
    assert bench.loaded.count("slow") == 2


def test_a_backend_left_out_is_tried_again_at_the_next_start(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.slow = lambda: Entrant(bench.bundle, "slow", change=fail)
    bench.choose()
    assert "backend auto: slow is left out: the driver is gone" in caplog.text
    assert "not remembered" in caplog.text
    bench.choose()
    assert bench.loaded.count("slow") == 2


def test_what_was_chosen_and_does_not_load_any_more_is_measured_anew(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.slow = lambda: Entrant(bench.bundle, "slow")
    found = bench.store.load(bench.facts)
    assert found is None
    bench.choose()
    remembered = bench.store.load(bench.facts)
    assert remembered is not None
    choice = remembered[0].model_copy(update={"backend": "slow"})
    bench.store.save(choice)

    def refuse() -> Entrant:
        message = "the engine is stale"
        raise ModelError(message)

    bench.slow = refuse
    assert bench.choose() == "onnxruntime"
    assert "slow, remembered in" in caplog.text
    assert "does not load any more (the engine is stale)" in caplog.text


def test_the_only_backend_is_not_measured(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    only = {"onnxruntime": lambda: OrtDetector(bench.bundle, threads=1)}
    choose_detector(bench.bundle, only, bench.facts, bench.store).close()
    assert "the only one that is installed" in caplog.text
    assert not bench.store.folders[0].exists()


def test_facts_name_the_versions_of_libraries(bench: Bench) -> None:
    facts = facts_of(bench.bundle, {"a": "onnxruntime", "b": "json", "c": "sys"}, 0, 1)
    assert facts.libraries["a"][0].isdecimal()
    assert facts.libraries["b"].startswith("of ")
    assert facts.libraries["c"] == "unknown"
    assert facts.threads == facts.cores >= 1
