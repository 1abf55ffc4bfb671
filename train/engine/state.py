"""What a run has to remember between two moments, and its form in a checkpoint."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from edgedet.errors import ModelError
from train.engine.optimizer import load_optimizer
from train.engine.plan import RunPlan, Scores
from train.engine.run_folder import EpochResult
from train.engine.step import Tally, Trainee


@dataclass(slots=True)
class RunState:
    """How far a run is: the epochs done, and how far the present one is.

    Attributes:
        rows: Results of the epochs done.
        best: Best fitness so far.
        class_ap: AP@50:95 of each class when last scored.
        tally: Batches of the present epoch that are done; those before a resume too.
        seconds: Time that they took.
    """

    rows: list[EpochResult] = field(default_factory=list)
    best: float = float("-inf")
    class_ap: tuple[float, ...] = ()
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    @property
    def fitnesses(self) -> list[float]:
        """Of the scored epochs, in order."""
        return [
            Scores(row.ap50, row.ap).fitness
            for row in self.rows
            if row.ap50 is not None and row.ap is not None
        ]

    def note(self, row: EpochResult, scores: Scores | None) -> bool:
        """An epoch is done; whether it is the best so far."""
        self.rows.append(row)
        self.tally, self.seconds = Tally(), 0.0
        if scores is None:
            return False
        self.class_ap = scores.class_ap
        is_best = scores.fitness > self.best
        self.best = max(self.best, scores.fitness)
        return is_best


def pack(plan: RunPlan, trainee: Trainee, state: RunState) -> dict[str, object]:
    """Everything beside weights and their average that a resumed run needs, as plain values."""
    device = next(trainee.model.parameters()).device
    return {
        "plan": plan.identity(),
        "updates": trainee.ema.updates,
        "optimizer": trainee.optimizer.state_dict(),
        "scaler": trainee.scaler.state_dict(),
        "step": trainee.step,
        "first_loss": trainee.first_loss,
        "rng": torch.get_rng_state(),
        "rng_cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "best": state.best,
        "rows": [list(asdict(row).values()) for row in state.rows],
        "class_ap": list(state.class_ap),
        "batches": state.tally.batches,
        "images": state.tally.images,
        "sums": state.tally.sums,
        "seconds": state.seconds,
    }


def unpack(saved: Mapping[str, object], trainee: Trainee) -> RunState:
    """Put the state of `pack` back into optimiser, scaler and counters; the rest is returned.

    Raises:
        ModelError: if something is missing or not as `pack` made it.
    """
    try:
        _restore(saved, trainee)
        return RunState(
            rows=[EpochResult(*_list(row)) for row in _list(saved["rows"])],
            best=_number(saved["best"]),
            class_ap=tuple(map(_number, _list(saved["class_ap"]))),
            tally=Tally(_whole(saved["batches"]), _whole(saved["images"]), _tensor(saved["sums"])),
            seconds=_number(saved["seconds"]),
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as exc:
        msg = (
            f"cannot resume: the checkpoint's state does not fit this version ({exc!r}); start a "
            "new run with --weights"
        )
        raise ModelError(msg) from exc


def _restore(saved: Mapping[str, object], trainee: Trainee) -> None:
    trainee.ema.updates = _whole(saved["updates"])
    load_optimizer(trainee.optimizer, _mapping(saved["optimizer"]))
    scaler = _mapping(saved["scaler"])
    if scaler and trainee.scaler.is_enabled():
        trainee.scaler.load_state_dict(scaler)
    trainee.step = _whole(saved["step"])
    first = saved["first_loss"]
    trainee.first_loss = None if first is None else _number(first)
    torch.set_rng_state(_tensor(saved["rng"]))
    if isinstance(saved["rng_cuda"], torch.Tensor) and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["rng_cuda"])


def differences(saved: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """What another plan has otherwise, e.g. `epochs 3 instead of 5`, `recipe.lr0 …`."""
    told: list[str] = []
    for key in sorted(saved.keys() | wanted.keys()):
        old, new = saved.get(key), wanted.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            told += [f"{key}.{each}" for each in differences(old, new)]
        elif old != new:
            told.append(f"{key} {new!r} instead of {old!r}")
    return told


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _tensor(value: object) -> torch.Tensor:
    if not isinstance(value, torch.Tensor):
        raise TypeError(value)
    return value


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value
