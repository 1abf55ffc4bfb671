"""Whether an INT8 model may leave: it may cost so many points of AP@50:95, and no more."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.errors import ModelError
from train.quantize.pictures import DEFAULT_COUNT
from train.quantize.scale_table import Method
from train.quantize.scoring import Comparison

DEFAULT_BUDGET_POINTS = 0.5
_ROUNDING = 1e-9


class GateRefusedError(ModelError):
    """An INT8 model loses more than its budget."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an INT8 model was made: what the advice after a refusal depends on.

    `command` are the words of the command line that led here, the program's own left out. Scales
    come from `pictures` of the `available` ones.
    """

    command: Sequence[str]
    method: Method
    pictures: int
    available: int
    was_searched: bool
    weights: str
    data: str


def worst(comparisons: Sequence[Comparison]) -> Comparison:
    """The backend on which INT8 loses most."""
    return max(comparisons, key=lambda one: one.drop_points)


def passes(comparisons: Sequence[Comparison], budget_points: float) -> bool:
    """Whether INT8 stays inside the budget on every backend."""
    return worst(comparisons).drop_points <= budget_points + _ROUNDING


def refusal(comparisons: Sequence[Comparison], budget_points: float, attempt: Attempt) -> str:
    """Why nothing was written, and what can be done, as commands."""
    one = worst(comparisons)
    searched = ", and half of the layers in float are not enough" if attempt.was_searched else ""
    loss = (
        f"INT8 loses {one.drop_points:.2f} points of AP@50:95 on {one.backend} "
        f"({one.fp32.ap:.4f} to {one.int8.ap:.4f}), the budget is {budget_points:g}: "
        f"nothing was written{searched}. What helps:"
    )
    lines = [loss, *(f"  {why}: {command}" for why, command in _advice(attempt))]
    return "\n".join(lines)


def _advice(attempt: Attempt) -> list[tuple[str, str]]:
    again = ["python", "-m", "train", *attempt.command]
    advice: list[tuple[str, str]] = []
    if not attempt.was_searched:
        advice.append(("leave the few most sensitive layers in float", _with(again, "--search")))
    if attempt.method == "qat":
        advice.append(("scales from pictures", _with(again, "--calibrator", "histogram-mse")))
    else:
        others = [each for each in ("histogram-mse", "percentile") if each != attempt.method]
        advice += [("another calibrator", _with(again, "--calibrator", each)) for each in others]
        wanted = min(DEFAULT_COUNT, attempt.available)
        if attempt.pictures < wanted:
            more = _with(again, "--pictures", str(wanted))
            advice.append((f"more pictures ({attempt.pictures} so far)", more))
        fit = ["python", "-m", "train", "fit", "--qat", "--weights", attempt.weights]
        fit += ["--data", attempt.data, "--epochs", "10", "--out", "runs/qat"]
        advice.append(("train it to be quantized, then quantize that", shlex.join(fit)))
    return advice


def _with(words: Sequence[str], option: str, *values: str) -> str:
    """The command with an option set, whatever it was before."""
    kept: list[str] = []
    skip = 0
    for word in words:
        if skip:
            skip -= 1
        elif word == option:
            skip = len(values)
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return shlex.join([*kept, option, *values])
