"""Capacity is dealt out fairly, and limits are told when they change noticeably."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.event import SourceLimit
from edgedet.frame import Frame
from edgedet.stream.admission import Admission, fair_shares
from edgedet.stream.batch import Inlet
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.cost import BatchCost
from tests.stream.fakes import FakeClock, FramePool

DEMANDS = st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.01, 100.0)), min_size=1, max_size=8)


@given(capacity=st.floats(0.1, 500.0), sources=DEMANDS)
def test_shares_use_all_and_favour_nobody(
    capacity: float, sources: list[tuple[float, float]]
) -> None:
    demands, weights = [d for d, _ in sources], [w for _, w in sources]
    shares = fair_shares(capacity, demands, weights)
    assert sum(shares) == pytest.approx(min(capacity, sum(demands)), abs=1e-6)
    levels = [share / weight for share, weight in zip(shares, weights, strict=True)]
    for share, demand, level in zip(shares, demands, levels, strict=True):
        assert -1e-9 <= share <= demand + 1e-9
        if share < demand - 1e-6:
            assert level >= max(levels) * (1 - 1e-6) - 1e-9


@given(capacity=st.floats(1.0, 500.0), sources=DEMANDS, flood=st.floats(1.0, 1e6))
def test_who_asks_for_more_than_it_gets_takes_nothing_from_others(
    capacity: float, sources: list[tuple[float, float]], flood: float
) -> None:
    demands, weights = [d for d, _ in sources], [w for _, w in sources]
    before = fair_shares(capacity, [math.inf, *demands], [1.0, *weights])
    after = fair_shares(capacity, [before[0] + flood, *demands], [1.0, *weights])
    assert after[1:] == pytest.approx(before[1:], abs=1e-6)


class Bench:
    """Cameras before a backend that answers so many images a second, one at a time."""

    def __init__(self, capacity_fps: float, *inlets: tuple[float, float | None]) -> None:
        self.clock, self.cost, self.pool = FakeClock(), BatchCost(), FramePool()
        self.inlets = [
            Inlet(f"s{n}", self.channel(), priority=priority, max_fps=max_fps)
            for n, (priority, max_fps) in enumerate(inlets)
        ]
        self.told: list[tuple[str, SourceLimit | None]] = []
        self.admission = Admission(self.inlets, self.cost, self.clock)
        self.admission.on_change = lambda source_id, limit: self.told.append((source_id, limit))
        for _ in range(3):
            self.cost.add(1, 1.0 / capacity_fps)

    def pass_s(self, seconds: int, *fps: int) -> list[float | None]:
        """Let the cameras deliver so many frames a second; the limits in the end."""
        for _ in range(seconds):
            for inlet, count in zip(self.inlets, fps, strict=True):
                for seq in range(count):
                    inlet.channel.put(self.pool.frame(inlet.source_id, seq))
            self.clock.advance(1.0)
            assert self.admission.is_due
            self.admission.update(1)
            assert not self.admission.is_due
        return [None if limit is None else round(limit.fps, 1) for limit in self.admission.limits]

    def channel(self) -> Channel[Frame]:
        return Channel[Frame](2, Policy.DROP_OLDEST, dispose=Frame.close)


def test_nobody_is_limited_while_the_detector_can_do_all() -> None:
    bench = Bench(20, (1, None), (1, None))
    assert bench.pass_s(10, 10, 9) == [None, None]
    assert bench.told == []
    assert bench.admission.capacity_fps == pytest.approx(20)
    assert bench.admission.demand_fps == pytest.approx(19)


def test_rates_are_lowered_by_priority_and_told_with_the_reason() -> None:
    bench = Bench(20, (1, None), (3, None), (1, None))
    assert bench.pass_s(10, 25, 25, 2) == [4.5, 13.5, None]
    reason = "the detector answers 20.0 images/s, cameras ask for 52.0"
    told = dict(bench.told)
    assert [told[name] for name in ("s0", "s1")] == [
        SourceLimit(4.5, reason),
        SourceLimit(13.5, reason),
    ]
    assert "s2" not in told


def test_a_source_asks_for_no_more_than_its_own_limit() -> None:
    bench = Bench(20, (1, 5.0), (1, 5.0))
    assert bench.pass_s(10, 25, 25) == [None, None]


def test_a_camera_that_dies_leaves_its_share_to_the_others() -> None:
    bench = Bench(20, (1, None), (1, None))
    assert bench.pass_s(10, 25, 25) == [10.0, 10.0]
    assert bench.pass_s(10, 0, 25) == [None, 20.0]
    assert [limit for name, limit in bench.told if name == "s0"][-1] is None


def test_small_changes_are_not_told() -> None:
    bench = Bench(20, (1, None))
    bench.pass_s(20, 25)
    assert len(bench.told) == 1
    bench.pass_s(20, 26)
    bench.pass_s(20, 24)
    assert len(bench.told) == 1


def test_files_that_lose_nothing_take_their_share_and_have_no_limit() -> None:
    bench = Bench(20, (1, None), (1, None))
    bench.inlets[1] = Inlet("s1", Channel[Frame](2), is_lossless=True)
    bench.admission = Admission(bench.inlets, bench.cost, bench.clock)
    assert bench.pass_s(10, 25, 0) == [10.0, None]
    limit = bench.admission.limits[0]
    assert limit is not None
    assert limit.reason.endswith(
        "cameras ask for 25.0 and files that may lose nothing for the rest"
    )


def test_nothing_is_limited_before_anything_is_known() -> None:
    bench = Bench(20, (1, None))
    bench.cost = BatchCost()
    bench.admission = Admission(bench.inlets, bench.cost, bench.clock)
    assert bench.pass_s(5, 500) == [None]
    assert bench.admission.capacity_fps == 0.0


def test_a_budget_that_cannot_be_kept_limits_to_nothing() -> None:
    bench = Bench(20, (1, None))
    bench.pass_s(3, 10)
    bench.clock.advance(1.0)
    bench.inlets[0].channel.put(bench.pool.frame("s0", 0))
    bench.admission.update(1, "too slow")
    assert bench.admission.limits == [SourceLimit(0.0, "too slow")]


def test_an_inlet_joins_and_another_takes_its_place_with_a_clean_account() -> None:
    bench = Bench(20, (1, None))
    assert bench.pass_s(10, 25) == [20.0]
    for name in ("new", "other"):
        bench.inlets[1:] = [Inlet(name, bench.channel())]
        bench.admission.place(1, bench.inlets[1])
        assert bench.admission.limits[1] is None
        assert bench.pass_s(10, 25, 25) == [10.0, 10.0]
    bench.inlets[1].is_gone = True
    told = len(bench.told)
    assert bench.pass_s(10, 25, 0)[1] is None
    assert {name for name, _ in bench.told[told:]} == {"s0"}


def test_how_busy_single_pictures_would_keep_the_backend() -> None:
    bench = Bench(20, (1, None), (1, 5.0))
    assert bench.admission.share(1 / 20) == float("inf")
    bench.pass_s(10, 10, 30)
    assert bench.admission.share(1 / 20) == pytest.approx(15 / 20)
    assert bench.admission.share(0.0) == float("inf")
    bench.inlets[1].is_lossless = True
    bench.pass_s(1, 10, 1)
    assert bench.admission.share(1 / 20) == float("inf")
