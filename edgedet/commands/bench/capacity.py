"""What limits a pipeline, how many cameras that is enough for, and whether a wish holds."""

import math

from edgedet.commands.bench.figures import Answer, Bare, Question, Row, SourceCost, Whole
from edgedet.stream.stats import Stage

USUAL_FPS = (5, 10, 15, 25, 30)
_BUSY = 0.85  # a backend that computes for so much of the time has no time left
_RESERVE = 0.9  # of the rate at full speed; the rest is for what comes in bursts
_SPARE, _MAX_SOURCES = 1.2, 16
_MISSED = 0.02  # of the offered frames, besides one of each camera at the ends of the trial


def limiter(whole: Whole, bare: Bare, cost: SourceCost) -> str:
    """What keeps a pipeline at full speed from being faster: a stage, or the cores as such."""
    if whole.busy >= _BUSY:
        return "infer"
    if whole.cpu >= _BUSY:
        return "cores"
    alone_ms = {
        "decode": cost.decode_ms,
        "paint": cost.paint.p50_ms,
        "infer": 1000.0 / bare.images_per_s,
        "post": bare.post.p50_ms,
    }
    return max(alone_ms, key=lambda stage: alone_ms[stage])


def sources_for(bare: Bare, cost: SourceCost) -> int:
    """How many sources at once keep a backend busy: one decoder may be slower than it.

    As many cameras are decoded side by side, a single file read at full speed is not.
    """
    needed = math.ceil(_SPARE * bare.images_per_s * cost.decode_ms / 1000.0)
    return min(max(needed, 1), _MAX_SOURCES)


def cameras_at(images_per_s: float, fps: float) -> int:
    """How many cameras of `fps` a pipeline of that speed serves, with a tenth to spare."""
    return math.floor(_RESERVE * images_per_s / fps)


def judge(question: Question, row: Row, whole: Whole) -> Answer:
    """Whether the trial `whole` was what the question wants, and what was in the way if not."""
    offered = question.cameras * question.fps
    reasons = []
    if offered - whole.images_per_s > _MISSED * offered + question.cameras / whole.seconds:
        reasons.append(
            f"{whole.images_per_s:.1f} of {offered:.1f} images/s are detected; "
            f"{_limit_text(row.limiter)} ({row.whole.images_per_s:.1f} images/s at full speed), "
            f"enough for {cameras_at(row.whole.images_per_s, question.fps)} cameras"
        )
    total = whole.stages[Stage.TOTAL]
    if total.p99_ms > question.latency_ms:
        reasons.append(
            f"1 % of the answers take more than {total.p99_ms:.0f} ms, most of it {_longest(whole)}"
        )
    return Answer(question, row.backend, row.batch, offered, whole, "; ".join(reasons))


def _longest(whole: Whole) -> str:
    """The part of the journey that takes longest, in words."""
    told = {
        Stage.WAIT: "waiting for a place in a batch",
        Stage.QUEUE: "waiting for the backend",
        Stage.INFER: "the backend",
        Stage.POST: "post-processing",
    }
    longest = max(told, key=lambda stage: whole.stages[stage].p99_ms)
    return f"{told[longest]} (p99 {whole.stages[longest].p99_ms:.0f} ms)"


def _limit_text(name: str) -> str:
    return {
        "infer": "the backend is the limit",
        "cores": "all cores are busy",
    }.get(name, f"the stage {name} is the limit")
