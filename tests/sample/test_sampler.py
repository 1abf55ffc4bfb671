"""Which of the frames that pass are looked at and kept; what is not is counted."""

import random
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgedet.errors import SampleError
from edgedet.sample.base import SamplerSettings
from edgedet.sample.budget import Budget
from edgedet.sample.diversity import Diversity
from edgedet.sample.keeper import Keeper
from edgedet.sample.sampler import Sampler
from edgedet.sample.selection import Selection
from edgedet.sample.store import SampleStore
from tests.sample.fakes import CLASSES, MIB, SteppingClock, frame, sampling, seen, store_in
from tests.stream.fakes import wait_until

UNSURE = {"name": "unsure", "type": "close_to_threshold", "threshold": 0.3, "epsilon": 0.2}
DOUBTFUL, SURE = (10, 10, 30, 50, 0.3, 0), (10, 10, 30, 50, 0.9, 0)
CHANCE = random.Random(0)  # noqa: S311 - a test


class Bench:
    """A sampler with a store and a clock."""

    def __init__(
        self,
        folder: Path,
        *strategies: object,
        max_fps: float = 5,
        lossless: Sequence[str] = (),
        quota_mib: int = 64,
        **settings: Any,  # noqa: ANN401
    ) -> None:
        made = sampling(strategies=list(strategies), max_fps=max_fps, **settings)
        self.clock = SteppingClock()
        self.store: SampleStore = store_in(folder, quota_mib=quota_mib)
        budget = Budget(self.store.ledger, made.limits, self.clock)
        self.sampler = Sampler(
            SamplerSettings(
                lambda _source: 0.25, lambda: 0.45, made.max_fps, lossless.__contains__
            ),
            Selection(made, CLASSES, budget, CHANCE),
            Keeper(made, CLASSES, self.store, budget, self.clock),
            Diversity(made.diversity, self.store.ledger),
            self.clock,
        )

    def consider(self, seq: int, *rows: Sequence[float], source_id: str = "gate") -> None:
        self.sampler.consider(seen(frame(source_id, seq, at_s=0.2 * seq), *rows))

    def kept(self) -> list[int]:
        return [each.seq for each in self.store.ledger.samples()]


def test_only_frames_with_a_reason_are_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, UNSURE)
    for seq in range(6):
        bench.consider(seq, DOUBTFUL if seq % 2 else SURE)

    assert bench.kept() == [1, 3, 5]
    counts = bench.sampler.counts
    assert (counts.looked_at, counts.kept) == (6, 3)


def test_the_hundredth_of_the_same_is_not_kept_and_an_object_elsewhere_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "all", "type": "random"})
    image = frame(seq=1).planes[0]
    for seq in range(100):
        bench.sampler.consider(seen(frame(seq=seq, image=image, at_s=seq)))
    bench.sampler.consider(seen(frame(seq=100, image=image, at_s=100), SURE))

    assert bench.kept() == [0]  # the same bytes have one row
    assert bench.sampler.counts.similar == 100


def test_what_the_budget_does_not_cover_is_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {**UNSURE, "limits": [{"type": "hourly", "value": 2}]})
    for seq in range(5):
        bench.consider(seq, DOUBTFUL)

    assert bench.kept() == [0, 1]
    assert bench.sampler.counts.no_credit == 3


def test_a_miss_between_two_sightings_is_kept_itself(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "f", "type": "flicker"})
    for seq in range(5):
        rows = [] if seq == 2 else [SURE]
        bench.consider(seq, *rows)
    bench.consider(100, SURE)  # much later: no neighbour of frame 4

    assert bench.kept() == [2]


def test_neighbours_must_be_of_the_same_source(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "f", "type": "flicker"})
    bench.consider(0, SURE)
    bench.consider(1, source_id="dock")
    bench.consider(2, SURE)

    assert bench.kept() == []


def test_a_request_is_kept_whatever_it_looks_like_and_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, limits=[{"type": "daily", "value": 2}])
    asked = []
    for seq in range(3):
        asked.append(bench.sampler.request("gate"))
        bench.consider(seq, SURE)
    bench.consider(9, SURE)

    assert bench.kept() == [0, 1]
    kept = [each.id for each in bench.store.ledger.samples()]
    assert [each.result(0) for each in asked[:2]] == kept
    with pytest.raises(SampleError, match=r"sampling\.limits leave no credit"):
        asked[2].result(0)
    assert {each.strategy for each in bench.store.ledger.samples()} == {"operator"}
    assert bench.sampler.counts.no_credit == 1


def test_who_asks_is_told_why_there_is_no_frame(tmp_path: Path) -> None:
    bench = Bench(tmp_path, quota_mib=1)
    image = np.random.default_rng(0).integers(0, 256, (900, 1600, 3), dtype=np.uint8)
    asked = bench.sampler.request("gate")
    assert bench.sampler.request("gate") is asked, "one frame for all who ask"
    assert not asked.cancel(), "others may wait for it"
    with pytest.raises(SampleError, match="no room"):
        bench.sampler.consider(seen(frame(image=image)))
    with pytest.raises(SampleError, match="no room"):
        asked.result(0)

    later = bench.sampler.request("gate")
    stop = threading.Event()
    stop.set()
    bench.sampler.run(stop)
    with pytest.raises(SampleError, match="has ended"):
        later.result(0)


@pytest.mark.parametrize(("lossless", "expected"), [((), 11), (("gate",), 60)])
def test_live_sources_are_looked_at_so_often_and_lossless_ones_always(
    tmp_path: Path, lossless: Sequence[str], expected: int
) -> None:
    bench = Bench(tmp_path, UNSURE, max_fps=5, lossless=lossless)
    infos = [frame(seq=seq, at_s=10 + seq / 29.97).info for seq in range(60)]

    assert sum(bench.sampler.wants(info) for info in infos) == pytest.approx(expected, abs=1)


def test_a_requested_frame_is_wanted_at_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_fps=0.1)
    assert bench.sampler.wants(frame(seq=0, at_s=0).info)
    assert not bench.sampler.wants(frame(seq=1, at_s=1).info)
    bench.sampler.request("gate")
    assert bench.sampler.wants(frame(seq=2, at_s=2).info)


def test_frames_wait_in_bounded_memory_and_are_looked_at_on_its_thread(tmp_path: Path) -> None:
    bench = Bench(tmp_path, UNSURE)
    for seq in range(20):
        bench.sampler.take(seen(frame(seq=seq, at_s=seq), DOUBTFUL))
    assert bench.sampler.counts.missed == 12
    assert not bench.sampler.wants(frame(seq=21, at_s=99).info)

    stop = threading.Event()
    thread = threading.Thread(target=bench.sampler.run, args=(stop,))
    thread.start()
    wait_until(lambda: bench.sampler.counts.kept == 8)
    bench.sampler.take(seen(frame(seq=30, at_s=30), DOUBTFUL))
    stop.set()
    thread.join(10)

    assert bench.kept() == [0, 1, 2, 3, 4, 5, 6, 7, 30]  # what waited at the end, too


def test_a_step_of_the_clock_is_seen_while_no_frame_comes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {**UNSURE, "limits": [{"type": "daily", "value": 1}]})
    bench.consider(0, DOUBTFUL)
    bench.clock.step(days=2)
    stop = threading.Event()
    stop.set()
    bench.sampler.run(stop)

    later = Bench(tmp_path, {**UNSURE, "limits": [{"type": "daily", "value": 1}]})
    later.clock.step(days=2)
    later.consider(1, DOUBTFUL)

    assert later.kept() == [0]


def test_a_full_disk_is_counted_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path, UNSURE)
    bench.store._free_bytes = lambda _path: -MIB
    for seq in range(3):
        bench.sampler.take(seen(frame(seq=seq, at_s=seq), DOUBTFUL))
    stop = threading.Event()
    stop.set()

    bench.sampler.run(stop)

    assert bench.kept() == []
    assert bench.sampler.counts.failed == 3
    assert caplog.text.count("a frame was not kept: no room") == 1


def test_what_a_second_model_sees_otherwise_is_a_reason(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "apart", "type": "models_disagree"})
    stop = threading.Event()
    alike, apart = seen(frame(seq=1), SURE), seen(frame(seq=2, at_s=9), SURE)
    bench.sampler.hear(alike, alike.candidates)
    bench.sampler.hear(apart, seen(frame(seq=2)).candidates)
    stop.set()
    bench.sampler.run(stop)
    assert bench.kept() == [2]
    assert "seen by one model alone" in bench.store.ledger.samples()[0].why


def test_nobody_asks_a_second_model_without_a_strategy_for_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "all", "type": "random"})
    stop = threading.Event()
    one = seen(frame(seq=1), SURE)
    bench.sampler.hear(one, one.candidates)
    stop.set()
    bench.sampler.run(stop)
    assert bench.kept() == []


def test_frames_of_a_model_with_more_classes_are_kept_by_their_names(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "all", "type": "random"})
    bench.sampler.know((*CLASSES, "unicorn"))
    bench.consider(1, (10, 10, 30, 50, 0.9, len(CLASSES)))
    kept = bench.store.ledger.samples()[0]
    assert [each.class_name for each in kept.objects] == ["unicorn"]
