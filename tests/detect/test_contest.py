"""Contests among real detectors of a tiny graph, some of them slowed down, broken or wrong.

Time is told by what each is said to take, so that a busy machine decides nothing.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgedet.detect import contest as contest_module
from edgedet.detect.base import Detector
from edgedet.detect.contest import Contest, hold_contest
from edgedet.detect.lanes import Candidates, Images
from edgedet.detect.onnxruntime import OrtDetector
from edgedet.errors import ModelError
from edgedet.manifest import (
    GOLDEN_FILE,
    Bundle,
    Golden,
    GoldenCase,
    file_entry,
    write_golden,
    write_manifest,
)
from tests.detect.tiny_bundle import bright_square, make_tiny_bundle

Change = Callable[[Candidates], Candidates]


class PaperTime:
    """A clock that goes on by what entrants are said to take, and a little with each look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        self.now_s += _LOOK_S
        return self.now_s


PAPER = PaperTime()
_LOOK_S, _LEAST_S = 1e-4, 1e-3


@pytest.fixture(autouse=True)
def paper_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest_module, "time", PAPER)


class Entrant:
    """A real detector under another name that may take longer, fail, or answer something else."""

    def __init__(
        self,
        bundle: Bundle,
        name: str,
        seconds: float = 0.0,
        change: Change = lambda found: found,
    ) -> None:
        self._detector = OrtDetector(bundle, threads=1)
        self._seconds, self._change = seconds, change
        self.backend = name
        self.sizes: list[int] = []
        self.is_closed = False

    def infer(self, images_nhwc: Images) -> Candidates:
        self.sizes.append(len(images_nhwc))
        PAPER.now_s += (_LEAST_S + self._seconds) * len(images_nhwc)
        return self._change(self._detector.infer(images_nhwc))

    def close(self) -> None:
        self.is_closed = True
        self._detector.close()


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_tiny_bundle(tmp_path / "tiny")


def with_golden(bundle: Bundle) -> Bundle:
    """The bundle with a golden case of two pictures."""
    images = np.stack([bright_square(0, 0), bright_square(3, 5)])
    detector = OrtDetector(bundle, threads=1)
    write_golden(bundle.folder / GOLDEN_FILE, GoldenCase(images, detector.infer(images)))
    files = [*bundle.manifest.files, file_entry(bundle.folder, GOLDEN_FILE)]
    golden = Golden(path=GOLDEN_FILE, box_tolerance_px=1.0, score_tolerance=0.01)
    changed = bundle.manifest.model_copy(update={"files": files, "golden": golden})
    return write_manifest(bundle.folder, changed)


def hold(bundle: Bundle, *entrants: Entrant, max_batch: int = 1) -> Contest:
    makers: dict[str, Callable[[], Detector]] = {}
    for one in entrants:
        makers[one.backend] = partial(lambda entrant: entrant, one)
    contest = hold_contest(bundle, makers, max_batch)
    contest.winner.close()
    return contest


def fail(_: Candidates) -> Candidates:
    message = "the driver is gone\nstack"
    raise RuntimeError(message)


def test_the_fastest_wins_and_the_others_are_closed(bundle: Bundle) -> None:
    slow, fast = Entrant(bundle, "slow", 0.02), Entrant(bundle, "fast")
    contest = hold_contest(bundle, {"slow": lambda: slow, "fast": lambda: fast}, 4)
    assert contest.winner is fast
    assert (slow.is_closed, fast.is_closed) == (True, False)
    assert [one.backend for one in contest.timings] == ["slow", "fast"]
    assert contest.timings[0].single_ms > 20.0
    fast.close()


def test_of_equals_the_preferred_one_wins(bundle: Bundle) -> None:
    contest = hold(bundle, Entrant(bundle, "first", 0.01), Entrant(bundle, "second", 0.01))
    assert contest.winner.backend == "first"


def test_batches_are_measured_where_there_is_time_for_them(bundle: Bundle) -> None:
    quick, slow = Entrant(bundle, "quick"), Entrant(bundle, "slow", 0.2)
    assert hold(bundle, quick, max_batch=8).timings[0].batch == 8
    assert max(quick.sizes) == 8
    assert hold(bundle, slow, max_batch=8).timings[0].batch == 1
    assert max(slow.sizes) == 1


def test_who_is_far_behind_is_not_timed_again(bundle: Bundle) -> None:
    slow, fast = Entrant(bundle, "slow", 0.1), Entrant(bundle, "fast")
    contest = hold(bundle, slow, fast, max_batch=8)
    assert slow.sizes == [1, 1]
    assert max(fast.sizes) == 8
    assert [one.batch for one in contest.timings] == [1, 8]


def test_a_slow_device_does_not_wait_long(bundle: Bundle) -> None:
    entrants = [Entrant(bundle, name, 0.2) for name in ("a", "b")]
    assert hold(bundle, *entrants, max_batch=8).seconds < 2.0


def test_a_backend_that_does_not_load_is_left_out_with_its_reason(bundle: Bundle) -> None:
    def refuse() -> Entrant:
        message = "no engine; run `edgedet build-engine`"
        raise ModelError(message)

    good = Entrant(bundle, "good")
    contest = hold_contest(bundle, {"bad": refuse, "good": lambda: good}, 1)
    contest.winner.close()
    assert contest.winner is good
    assert contest.skipped == {"bad": "no engine; run `edgedet build-engine`"}


def test_a_backend_that_fails_is_left_out_and_closed(bundle: Bundle) -> None:
    bad = Entrant(bundle, "bad", change=fail)
    contest = hold(bundle, bad, Entrant(bundle, "good"))
    assert contest.winner.backend == "good"
    assert contest.skipped == {"bad": "the driver is gone"}
    assert bad.is_closed


def test_without_a_working_backend_every_reason_is_told(bundle: Bundle) -> None:
    entrants = [Entrant(bundle, name, change=fail) for name in ("a", "b")]
    with pytest.raises(ModelError, match=r"a: the driver is gone; b: the driver is gone"):
        hold(bundle, *entrants)
    assert all(one.is_closed for one in entrants)


def test_a_backend_that_computes_something_else_is_left_out(bundle: Bundle) -> None:
    bundle = with_golden(bundle)
    wrong = Entrant(bundle, "wrong", change=lambda found: found + 3)
    contest = hold(bundle, wrong, Entrant(bundle, "right", 0.01))
    assert contest.winner.backend == "right"
    assert contest.skipped == {"wrong": "5 of 5 candidates differ from the bundle's golden case"}


def test_where_all_differ_from_the_golden_case_the_fastest_is_taken(bundle: Bundle) -> None:
    bundle = with_golden(bundle)
    entrants = [Entrant(bundle, name, change=lambda found: found + 3) for name in ("a", "b")]
    assert hold(bundle, *entrants).skipped == {}
