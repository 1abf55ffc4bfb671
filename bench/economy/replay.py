"""The pool played to the real sampler as a stream, with limits that give the budget.

Everything but the clock is what runs on a device: strategies, diversity, budget, ledger, store. The
limits roll over minutes and days and the pool is a minute long, so for them it plays slower: each
frame lasts so long that the frames of the pool take as many minutes as there are labels to spend. A
minute has one label, or, where the day has a quiet stretch, so many that the rest could spend all.
What the sampler compares in time (`flicker`) has the camera's own pace.
"""

import random
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bench.economy.pool import SOURCE, Pool
from edgedet.config.sampling import SamplingSettings
from edgedet.detections import SeenFrame
from edgedet.sample.base import SamplerSettings
from edgedet.sample.budget import Budget
from edgedet.sample.diversity import Diversity, look_of
from edgedet.sample.keeper import Keeper
from edgedet.sample.ledger import Ledger
from edgedet.sample.sampler import Sampler
from edgedet.sample.selection import Selection
from edgedet.sample.store import SampleStore, Space
from edgedet.sample.view import proposals_of

CLASS_NAMES = ("person",)
SCORE_THRESHOLD, IOU_THRESHOLD = 0.25, 0.45
_MINUTE_S = 60.0
_BEGIN = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)


class StreamClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        """Seconds since the stream began."""
        return self.now_s

    def utc_now(self) -> datetime:
        """The same as a moment."""
        return _BEGIN + timedelta(seconds=self.now_s)


def replay(
    strategies: Sequence[Mapping[str, object]],
    pool: Pool,
    labelled: Sequence[int],
    count: int,
    seed: int,
) -> list[int]:
    """The places that are kept, at most `count`; the sampler knows the labelled ones."""
    unlabelled = sorted(set(range(len(pool.stream))) - set(labelled))
    clock = StreamClock()
    settings = _settings(strategies, count, pool.minutely)
    with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(folder))) as ledger:
        diversity = Diversity(settings.diversity, ledger)
        for number in labelled:
            _remember(diversity, pool.seen(number))
        budget = Budget(ledger, settings.limits, clock)
        chance = random.Random(f"strategies, seed {seed}")  # noqa: S311 - an experiment
        store = SampleStore(Path(folder), ledger, Space.of_mib(settings.quota_mib, 0))
        sampler = Sampler(
            SamplerSettings(lambda _: SCORE_THRESHOLD, lambda: IOU_THRESHOLD, settings.max_fps),
            Selection(settings, CLASS_NAMES, budget, chance),
            Keeper(settings, CLASS_NAMES, store, budget, clock),
            diversity,
            clock,
        )
        for number in unlabelled:
            sampler.consider(pool.seen(number))
            clock.now_s += _MINUTE_S * count / len(unlabelled)
        finished = threading.Event()
        finished.set()
        sampler.run(finished)  # what waits for the frame after it
        return sorted(sample.seq for sample in ledger.samples())


def _settings(
    strategies: Sequence[Mapping[str, object]], count: int, minutely: int
) -> SamplingSettings:
    return SamplingSettings.model_validate(
        {
            "enabled": True,
            "strategies": [
                {"name": f"{place}-{each['type']}", **each} for place, each in enumerate(strategies)
            ],
            "limits": [{"type": "minutely", "value": minutely}, {"type": "daily", "value": count}],
            "approval": "manual",
        }
    )


def _remember(diversity: Diversity, frame: SeenFrame) -> None:
    """Let the rule against likes know a frame that was labelled before."""
    objects = proposals_of(frame.candidates, IOU_THRESHOLD).above(SCORE_THRESHOLD)
    diversity.add(SOURCE, look_of(frame.frame, objects))
