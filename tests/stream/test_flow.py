"""Overload, bursts and priorities through the real batcher, on paper time."""

import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgedet.config.batch import BatchSettings
from tests.stream.simulation import START_S, Camera, Simulation, steady

SECONDS = 6.0
SETTLED_S = 2.5  # by then costs are learnt and limits are set
FPS = 20.0

paper = settings(deadline=None, max_examples=7)
per_picture = st.floats(0.0, 0.06)
overhead = st.floats(0.0, 0.1)


def _cameras(count: int, fps: float = FPS, **settings: float) -> list[Camera]:
    return [steady(fps, SECONDS, n / count, **settings) for n in range(count)]


def _fixed(overhead_s: float, picture_s: float) -> Callable[[int], float]:
    return lambda size: overhead_s + picture_s * size


def _noisy(cost_s: Callable[[int], float], seed: int) -> Callable[[int], float]:
    """A backend that takes up to half as much again, and now and then ten times as long."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    return lambda size: cost_s(size) * (10.0 if dice.random() < 0.02 else dice.uniform(1.0, 1.5))


def _check_accounts(simulation: Simulation) -> None:
    """Every frame was answered, counted as left out, or is still waiting."""
    for number, inlet in enumerate(simulation.inlets):
        answered = sum(answer.name == inlet.source_id for answer in simulation.answers)
        accepted = inlet.channel.accepted
        under_way = accepted - answered - simulation.left_out(number)
        assert 0 <= under_way <= 6  # two in the channel, one in each batch and one inside


@paper
@given(
    count=st.integers(1, 6),
    overhead_s=overhead,
    picture_s=per_picture,
    budget_ms=st.sampled_from([100.0, 250.0, 1000.0]),
    seed=st.integers(0, 1000),
)
def test_nothing_older_than_the_budget_is_published(
    count: int, overhead_s: float, picture_s: float, budget_ms: float, seed: int
) -> None:
    cost_s = _noisy(_fixed(overhead_s, picture_s), seed)
    batch = BatchSettings(latency_budget_ms=budget_ms)
    simulation = Simulation(_cameras(count), cost_s, batch).run(SECONDS)
    assert all(answer.age_s <= budget_ms / 1000.0 for answer in simulation.answers)
    _check_accounts(simulation)


@paper
@given(count=st.integers(1, 6), picture_s=st.floats(0.03, 0.06))
def test_five_times_too_slow_the_newest_frames_are_answered_at_full_capacity(
    count: int, picture_s: float
) -> None:
    fps = 5.0 / (count * picture_s)  # five times what the detector can do
    cameras = [steady(fps, SECONDS, n / count) for n in range(count)]
    simulation = Simulation(cameras, _fixed(0.0, picture_s)).run(SECONDS)
    settled = [a for a in simulation.answers if a.start_s > 100.0 + SETTLED_S]
    # a frame waits at most until the next one of its camera comes, and for the lead of painting
    assert max(a.start_s - a.arrival_s for a in settled) <= 1.0 / fps + 0.0025
    busy_s = sum(a.end_s - a.start_s for a in settled)
    assert busy_s >= 0.9 * (SECONDS - SETTLED_S)
    assert simulation.stats.withheld == 0


@paper
@given(
    priorities=st.lists(st.sampled_from([1.0, 2.0, 4.0]), min_size=2, max_size=5),
    picture_s=st.floats(0.03, 0.06),
)
def test_each_camera_gets_its_share_by_priority(priorities: list[float], picture_s: float) -> None:
    fps = 1.2 / picture_s  # even the highest priority gets less than it asks for
    cameras = [
        steady(fps, SECONDS, n / len(priorities), priority=p) for n, p in enumerate(priorities)
    ]
    simulation = Simulation(cameras, _fixed(0.0, picture_s)).run(SECONDS)
    counts = simulation.counts(SETTLED_S, SECONDS - 0.5)
    total = sum(counts.values())
    for priority, count in zip(priorities, counts.values(), strict=True):
        fair = total * priority / sum(priorities)
        assert count == pytest.approx(fair, rel=0.1, abs=2)


def _dead(from_s: float) -> Camera:
    return Camera(tuple(n / FPS for n in range(int(from_s * FPS))))


def _flooding(from_s: float) -> Camera:
    return Camera(tuple(n / 300.0 for n in range(int(SECONDS * 300)) if n / 300.0 >= from_s))


def _bursting(from_s: float) -> Camera:
    """A second's frames at once, each second."""
    seconds = range(int(from_s), int(SECONDS))
    return Camera(tuple(s + n / 1000.0 for s in seconds for n in range(int(FPS))))


@pytest.mark.parametrize("trouble", [_dead, _flooding, _bursting])
@settings(deadline=None, max_examples=4)
@given(count=st.integers(1, 4), load=st.floats(0.3, 3.0))
def test_one_camera_in_trouble_lowers_no_others_rate(
    trouble: Callable[[float], Camera], count: int, load: float
) -> None:
    cost_s = _fixed(0.0, load / (FPS * (count + 1)))
    well = Simulation(_cameras(count + 1), cost_s).run(SECONDS)
    others = _cameras(count + 1)[:-1]
    ill = Simulation([*others, trouble(3.0)], cost_s).run(SECONDS)
    before, after = well.counts(3.5, SECONDS - 0.5), ill.counts(3.5, SECONDS - 0.5)
    for number in range(count):
        assert after[f"s{number}"] >= 0.95 * before[f"s{number}"] - 1
    _check_accounts(ill)


@paper
@given(live=st.integers(1, 4), files=st.integers(1, 2), picture_s=st.floats(0.005, 0.04))
def test_files_that_lose_nothing_lose_nothing_beside_overloaded_cameras(
    live: int, files: int, picture_s: float
) -> None:
    file = Camera(tuple(float(n) for n in range(60)), is_lossless=True)
    cameras = [*_cameras(live), *[file] * files]
    simulation = Simulation(cameras, _fixed(0.0, picture_s)).run(SECONDS)
    for number in range(live, live + files):
        seqs = [a.seq for a in simulation.answers if a.name == f"s{number}"]
        assert seqs == list(range(len(seqs)))
        assert simulation.left_out(number) == 0
    assert all(a.age_s <= 1.0 for a in simulation.answers if int(a.name[1:]) < live)


@paper
@given(max_fps=st.floats(2.0, 15.0), count=st.integers(1, 4))
def test_max_fps_is_kept_with_fresh_frames(max_fps: float, count: int) -> None:
    cameras = _cameras(count, max_fps=max_fps)
    simulation = Simulation(cameras, _fixed(0.0, 0.2 / (count * FPS))).run(SECONDS)
    for answered in simulation.counts().values():
        assert answered == pytest.approx(max_fps * SECONDS, abs=2, rel=0.02)


def test_within_its_capacity_no_frame_is_skipped_and_nobody_is_limited() -> None:
    simulation = Simulation(_cameras(4), _fixed(0.0, 0.7 / (4 * FPS))).run(SECONDS + 1)
    assert set(simulation.counts().values()) == {int(SECONDS * FPS)}
    assert simulation.batcher.admission.limits == [None] * 4


def test_a_backend_that_becomes_slow_and_recovers_is_followed() -> None:
    slow = iter([0.01] * 100 + [0.4] * 8 + [0.01] * 1000)
    batch = BatchSettings(latency_budget_ms=300)
    simulation = Simulation([steady(25, 20)], lambda _size: next(slow), batch).run(20)
    assert all(answer.age_s <= 0.3 for answer in simulation.answers)
    assert simulation.stats.withheld <= 8
    assert simulation.counts(19, 20)["s0"] == 25


@pytest.mark.parametrize(
    ("overhead_s", "picture_s", "waits"), [(0.0, 0.0117, False), (0.015, 0.005, True)]
)
def test_a_busy_backend_is_kept_waiting_only_where_a_fuller_batch_saves_time(
    overhead_s: float, picture_s: float, *, waits: bool
) -> None:
    dice = random.Random(3)  # noqa: S311 - no secret
    times = [tuple(sorted(dice.uniform(0, SECONDS) for _ in range(120))) for _ in range(4)]
    simulation = Simulation(
        [Camera(each) for each in times],
        _fixed(overhead_s, picture_s),
        BatchSettings(max_wait_ms=10),
    ).run(SECONDS)
    settled = [a for a in simulation.answers if a.start_s > START_S + SETTLED_S]
    runs = sorted({(answer.start_s, answer.end_s) for answer in settled})
    delays_s = [
        start_s - max(end_s, min(a.arrival_s for a in settled if a.start_s == start_s))
        for (_, end_s), (start_s, _) in itertools.pairwise(runs)
    ]
    assert len(delays_s) > 100
    assert (max(delays_s) > 0.001) is waits


@pytest.mark.parametrize(("load", "has_batches"), [(0.6, False), (1.0, True)])
def test_a_backend_that_keeps_up_with_single_pictures_gets_no_batches_that_save_little(
    load: float, *, has_batches: bool
) -> None:
    single_s = load / (4 * FPS)
    cost_s = _fixed(0.25 * single_s, 0.75 * single_s)
    dice = random.Random(3)  # noqa: S311 - no secret
    times = [tuple(sorted(dice.uniform(0, 20) for _ in range(int(20 * FPS)))) for _ in range(4)]
    simulation = Simulation([Camera(each) for each in times], cost_s).run(20)
    settled = simulation.sizes[len(simulation.sizes) // 2 :]
    assert (max(settled) > 1) is has_batches


@pytest.mark.parametrize(("load", "most"), [(1.05, 2), (1.3, 4)])
def test_batches_are_no_larger_than_the_backend_needs_to_keep_up(load: float, most: int) -> None:
    single_s = load / (4 * FPS)
    cost_s = _fixed(0.25 * single_s, 0.75 * single_s)  # 0.875 of it in twos, 0.81 in fours
    cameras = [steady(FPS, 20) for _ in range(4)]  # all of them at once
    simulation = Simulation(cameras, cost_s).run(20)
    assert max(simulation.sizes[len(simulation.sizes) // 2 :]) == most
