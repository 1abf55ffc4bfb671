"""What the detector can do for each source, when it cannot do all that they ask for.

The capacity follows from what batches cost; it is dealt out by priority, so that nobody's rate is
lowered who asks for less than its share. The result is told to subscribers and sets the pace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgedet.clock import Clock
from edgedet.event import SourceLimit
from edgedet.stream.batch import Inlet
from edgedet.stream.cost import BatchCost

_EVERY_S = 1.0
_SMOOTHING = 0.3
_SPARE = 1.1  # a paced source may exceed its limit by so much, lest the backend idle
_LIMITED_BELOW = 0.9  # of what a source asks for
_FREE_ABOVE = 0.98
_WORTH_TELLING = 0.2  # relative change
_TELL_EVERY_S = 5.0

LimitCallback = Callable[[str, SourceLimit | None], object]


def fair_shares(capacity: float, demands: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Deal out `capacity` so that nobody gets more than its demand, and the rest by weight.

    Weighted max-min fairness: whoever gets less than its demand gets at least as much for each unit
    of weight as any other. Demands may be infinite.

    >>> fair_shares(20.0, [5.0, 25.0, 25.0], [1.0, 1.0, 2.0])
    [5.0, 5.0, 10.0]
    """
    shares = [0.0] * len(demands)
    left, weight_left = capacity, float(sum(weights))
    for number in sorted(range(len(demands)), key=lambda n: demands[n] / weights[n]):
        shares[number] = min(demands[number], left * weights[number] / weight_left)
        left -= shares[number]
        weight_left -= weights[number]
    return shares


@dataclass(slots=True)
class _Account:
    """What is known of one source."""

    accepted: int = 0
    demand_fps: float = 0.0
    limit: SourceLimit | None = None
    told: SourceLimit | None = None
    told_s: float = float("-inf")


def _nobody(_source_id: str, _limit: SourceLimit | None) -> None:
    """The listener that nobody set."""


class Admission:
    """Keeps the limits of all inlets up to date. For one thread; `limits` may be read by any."""

    def __init__(self, inlets: Sequence[Inlet], cost: BatchCost, clock: Clock) -> None:
        """Begin without limits."""
        self._inlets = tuple(inlets)
        self._cost = cost
        self._clock = clock
        self._accounts = [_Account() for _ in self._inlets]
        self._updated_s = clock.monotonic()
        self._capacity = 0.0
        self._generation = cost.generation
        self._needs_paces = False
        self.on_change: LimitCallback = _nobody
        """Called when the limit of a source changes noticeably, on the thread that updates."""

    def place(self, index: int, inlet: Inlet) -> None:
        """One more inlet, or another one in the place of one that is gone."""
        inlets = list(self._inlets)
        inlets[index : index + 1] = [inlet]
        self._inlets = tuple(inlets)
        self._accounts[index : index + 1] = [_Account()]

    @property
    def capacity_fps(self) -> float:
        """Images a second that the backend can answer; 0 while that is not known."""
        return self._capacity

    @property
    def demand_fps(self) -> float:
        """Images a second that cameras ask for; files take what is left."""
        return sum(each.demand_fps for each in self._accounts if each.demand_fps < float("inf"))

    def share(self, picture_s: float) -> float:
        """Which share of the time the backend would run if each picture took `picture_s` of it.

        Infinite while that is not known (0), and with files, that take whatever there is.
        """
        demand_fps = sum(account.demand_fps for account in self._accounts)
        return demand_fps * picture_s if demand_fps and picture_s else float("inf")

    @property
    def limits(self) -> list[SourceLimit | None]:
        """The limit of each inlet; None: it gets all that it asks for."""
        return [account.limit for account in self._accounts]

    @property
    def paces(self) -> list[float | None]:
        """The most frames a second to take of each inlet, where its limit must be enforced so.

        As long as a batch has less room than there are sources, taking turns by priority keeps the
        limits by itself, and better. When all of them fit in, priorities need another way.
        """
        if not self._needs_paces:
            return [None] * len(self._accounts)
        return [
            None if account.limit is None or not account.limit.fps else _SPARE * account.limit.fps
            for account in self._accounts
        ]

    @property
    def is_due(self) -> bool:
        """Whether it is time for an `update`."""
        return self._clock.monotonic() - self._updated_s >= _EVERY_S

    def update(self, size: int, unreachable: str = "") -> None:
        """Look again; batches have at most `size` pictures.

        `unreachable` says why no live source can be served at all, if so.
        """
        now_s = self._clock.monotonic()
        elapsed_s = now_s - self._updated_s
        self._updated_s = now_s
        for inlet, account in zip(self._inlets, self._accounts, strict=True):
            _measure(inlet, account, elapsed_s)
        if self._cost.is_known:
            self._measure_capacity(size)
            self._set_limits(unreachable)
            self._tell(now_s)

    def _measure_capacity(self, size: int) -> None:
        """A source has one picture in a batch, so few sources make small batches."""
        is_filling = any(account.demand_fps == float("inf") for account in self._accounts)
        asking = [
            inlet.priority
            for inlet, account in zip(self._inlets, self._accounts, strict=True)
            if account.demand_fps > 0.0
        ]
        self._needs_paces = size >= len(asking) and len(set(asking)) > 1
        size = size if is_filling else max(1, min(size, len(asking)))
        capacity = size / max(self._cost.usual_s(size), 1e-9)
        is_other = self._generation != self._cost.generation  # another model: nothing to smooth
        self._generation = self._cost.generation
        before = capacity if is_other else self._capacity or capacity
        self._capacity = before + _SMOOTHING * (capacity - before)

    def _set_limits(self, unreachable: str) -> None:
        demands = [account.demand_fps for account in self._accounts]
        shares = fair_shares(self._capacity, demands, [i.priority for i in self._inlets])
        reason = unreachable or _reason(self._capacity, demands)
        for inlet, account, share in zip(self._inlets, self._accounts, shares, strict=True):
            if unreachable:
                share = 0.0  # noqa: PLW2901 - nothing is shared out
            threshold = _LIMITED_BELOW if account.limit is None else _FREE_ABOVE
            is_limited = not inlet.is_lossless and share < threshold * account.demand_fps
            account.limit = SourceLimit(share, reason) if is_limited else None

    def _tell(self, now_s: float) -> None:
        for inlet, account in zip(self._inlets, self._accounts, strict=True):
            is_due = not inlet.is_gone and now_s - account.told_s >= _TELL_EVERY_S
            if is_due and _differ(account.told, account.limit):
                account.told, account.told_s = account.limit, now_s
                self.on_change(inlet.source_id, account.limit)


def _measure(inlet: Inlet, account: _Account, elapsed_s: float) -> None:
    if inlet.is_lossless:
        account.demand_fps = 0.0 if inlet.channel.is_drained else float("inf")
        return
    accepted = inlet.channel.accepted
    fps = (accepted - account.accepted) / elapsed_s
    account.accepted = accepted
    if account.demand_fps > 0.0 and fps > 0.0:
        fps = account.demand_fps + _SMOOTHING * (fps - account.demand_fps)
    account.demand_fps = fps if inlet.max_fps is None else min(fps, inlet.max_fps)


def _reason(capacity: float, demands: Sequence[float]) -> str:
    asked = f"{sum(demand for demand in demands if demand < float('inf')):.1f}"
    others = " and files that may lose nothing for the rest" if float("inf") in demands else ""
    return f"the detector answers {capacity:.1f} images/s, cameras ask for {asked}{others}"


def _differ(one: SourceLimit | None, other: SourceLimit | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one.fps - other.fps) > _WORTH_TELLING * max(one.fps, other.fps)
