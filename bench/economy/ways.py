"""Who picks the frames: chance, strategies of the sampler's settings, or a rule that sees all."""

import hashlib
import json
import random
from collections.abc import Sequence

from bench.economy.plan import START_WAY
from bench.economy.pool import Pool
from bench.economy.replay import replay
from bench.economy.rules import RULES

CHANCE = "random"
"""The way that the others are measured against: each frame as likely as any other."""

Strategy = dict[str, object]
_UNSURE: Strategy = {"type": "close_to_threshold", "threshold": 0.25, "epsilon": 0.15}
_DOUBT: Strategy = {"type": "entropy", "minimum_entropy": 1.0}
_FLICKER: Strategy = {"type": "flicker"}
STREAMS: dict[str, list[Strategy]] = {
    "close_to_threshold": [_UNSURE],
    "entropy": [_DOUBT],
    "flicker": [_FLICKER],
    "every_so_often": [{"type": "random"}],
}
"""Strategies by the name of their way, as they stand in `sampling.strategies`."""


def settings_digest(way: str, budgets: Sequence[int]) -> str:
    """Names what shapes the choice: the way's settings, and the stages up to the last budget."""
    facts = [way, STREAMS.get(way), list(budgets)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def start_frames(frames: int, count: int, seed: int) -> list[int]:
    """The frames that all ways of a seed begin with."""
    return sorted(_draw(range(frames), count, START_WAY, seed))


def pick(way: str, pool: Pool, labelled: Sequence[int], count: int, seed: int) -> list[int]:
    """So many frames more, or fewer if the way has a reason for no more."""
    if way in RULES:
        return RULES[way](pool, labelled, count)
    return replay(STREAMS[way], pool, labelled, count, seed)


def pick_by_chance(frames: int, labelled: Sequence[int], count: int, seed: int) -> list[int]:
    """So many frames that are not labelled yet."""
    left = sorted(set(range(frames)) - set(labelled))
    return sorted(_draw(left, count, f"{CHANCE} after {len(labelled)}", seed))


def _draw(among: Sequence[int], count: int, what: str, seed: int) -> list[int]:
    return random.Random(f"{what}, seed {seed}").sample(among, count)  # noqa: S311 - an experiment
