"""The real batcher between cameras and a backend that exist on paper, on a clock that is moved.

Nothing runs beside anything else: each event happens at its time, and what the batcher makes of it
happens at once. So whole minutes of overload take a moment, and come out the same every time.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edgedet.config.batch import BatchSettings
from edgedet.frame import Frame
from edgedet.stream.batch import Batch, Inlet
from edgedet.stream.batcher import Batcher
from edgedet.stream.channel import Channel, Policy
from edgedet.stream.inlets import Inlets
from edgedet.stream.stats import PipelineStats
from tests.stream.fakes import FakeClock, FramePool, fake_model

START_S = 100.0
_MODEL = fake_model()


@dataclass(frozen=True)
class Camera:
    """A source on paper: when its frames arrive, in seconds from the start."""

    arrivals_s: tuple[float, ...]
    priority: float = 1.0
    max_fps: float | None = None
    is_lossless: bool = False


def steady(
    fps: float,
    seconds: float,
    phase: float = 0.0,
    *,
    priority: float = 1.0,
    max_fps: float | None = None,
) -> Camera:
    """A camera that delivers evenly."""
    times = tuple((number + phase) / fps for number in range(int(seconds * fps)))
    return Camera(times, priority, max_fps)


@dataclass(frozen=True)
class Answer:
    """A result that was handed to the sink."""

    name: str
    seq: int
    arrival_s: float
    start_s: float
    end_s: float

    @property
    def age_s(self) -> float:
        """From the decoder to the sink."""
        return self.end_s - self.arrival_s


@dataclass
class Simulation:
    """Cameras `s0`, `s1`, … before a backend that takes `cost_s(size)` for a batch."""

    cameras: list[Camera]
    cost_s: Callable[[int], float]
    settings: BatchSettings = field(default_factory=BatchSettings)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.clock.now_s = START_S
        self.pool = FramePool()
        self.answers: list[Answer] = []
        self.sizes: list[int] = []
        self.inlets = [self._inlet(n, camera) for n, camera in enumerate(self.cameras)]
        self.stats = PipelineStats(tuple(inlet.source_id for inlet in self.inlets))
        self.batcher = Batcher(
            Inlets(self.inlets), self.settings, lambda: _MODEL, self.clock, self.stats
        )
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._inside: Batch | None = None
        self._is_over = False
        for inlet, camera in zip(self.inlets, self.cameras, strict=True):
            if camera.is_lossless:
                self._feed_lossless(inlet, iter(range(len(camera.arrivals_s))))
                continue
            for seq, time_s in enumerate(camera.arrivals_s):
                self._at(START_S + time_s, self._arrival(inlet, seq))

    def run(self, seconds: float) -> "Simulation":
        """Let so much time pass."""
        end_s = self.clock.now_s + seconds
        while not self._is_over:
            look_s = self.clock.now_s + self._work()
            event_s = self._events[0][0] if self._events else float("inf")
            next_s = min(look_s, event_s)
            if next_s > end_s:
                break
            self.clock.now_s = max(self.clock.now_s, next_s)
            if event_s <= next_s:
                heapq.heappop(self._events)[2]()
        self.clock.now_s = max(self.clock.now_s, end_s)
        return self

    def counts(self, since_s: float = 0.0, until_s: float = float("inf")) -> dict[str, int]:
        """Answers of each camera whose frames arrived in this part of the time."""
        counted = Counter(
            answer.name
            for answer in self.answers
            if since_s <= answer.arrival_s - START_S < until_s
        )
        return {inlet.source_id: counted[inlet.source_id] for inlet in self.inlets}

    def left_out(self, number: int) -> int:
        """Frames of a camera that arrived and were given up."""
        inlet = self.inlets[number]
        return inlet.channel.dropped + self.stats.sources[inlet.source_id].left_out

    def _inlet(self, number: int, camera: Camera) -> Inlet:
        policy = Policy.BLOCK if camera.is_lossless else Policy.DROP_OLDEST
        channel = Channel[Frame](2, policy, dispose=Frame.close)
        return Inlet(f"s{number}", channel, camera.is_lossless, camera.priority, camera.max_fps)

    def _at(self, time_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), action))

    def _frame(self, inlet: Inlet, seq: int) -> Frame:
        return self.pool.frame(inlet.source_id, seq, arrival_s=self.clock.now_s)

    def _arrival(self, inlet: Inlet, seq: int) -> Callable[[], None]:
        return lambda: (inlet.channel.put(self._frame(inlet, seq)), None)[1]

    def _feed_lossless(self, inlet: Inlet, seqs: Iterable[int]) -> None:
        """Put frames in as they find room; their reader waits for that."""
        seqs = iter(seqs)

        def feed() -> None:
            while len(inlet.channel) < 2:
                seq = next(seqs, None)
                if seq is None:
                    inlet.channel.close()
                    return
                inlet.channel.put(self._frame(inlet, seq))
            self._at(self.clock.now_s + 0.005, feed)

        self._at(START_S, feed)

    def _work(self) -> float:
        """Let batcher and backend do all that they can now; seconds until they look again."""
        while True:
            wait_s = self._look()
            if self._inside is not None or not self._begin():
                return wait_s

    def _look(self) -> float:
        for _ in range(1000):
            wait_s = self.batcher.step()
            if wait_s is None:
                self.batcher.close()
                return 0.5
            if wait_s > 0.0:
                return wait_s
        msg = "the batcher does not come to rest"
        raise AssertionError(msg)

    def _begin(self) -> bool:
        """Let the backend begin with the next batch, if there is one now."""
        for _ in range(2):  # the first time it asks for one
            batch = self.batcher.take(0.0)
            if batch is not None:
                break
            self._look()
        else:
            self._is_over = self.batcher.is_drained
            return False
        self._inside = batch
        self.sizes.append(len(batch.items))
        start_s, taken_s = self.clock.now_s, self.cost_s(len(batch.items))
        self._at(start_s + taken_s, lambda: self._finish(batch, start_s, taken_s))
        return True

    def _finish(self, batch: Batch, start_s: float, taken_s: float) -> None:
        """What the pipeline does with an answered batch."""
        self._inside = None
        items, now_s = list(batch.items), self.clock.now_s
        self.batcher.give_back(batch, taken_s)
        for item in items:
            is_live = not self.inlets[item.index].is_lossless
            if is_live and self.batcher.age.is_late(item.frame.arrival_s, now_s):
                self.stats.withhold(item.frame.source_id)
                continue
            frame = item.frame
            self.answers.append(Answer(frame.source_id, frame.seq, frame.arrival_s, start_s, now_s))
