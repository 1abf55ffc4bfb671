"""A training run: epochs, evaluation, checkpoints, resume."""

import time
from collections.abc import Callable
from dataclasses import asdict

import torch
import yaml

from edgedet.errors import ModelError, UsageError
from train.data.batches import EpochSampler
from train.data.loader import EpochPlan, TrainingSet, make_loader
from train.data.store import PictureStore
from train.engine.ema import ModelEma
from train.engine.optimizer import accumulation, make_optimizer
from train.engine.plan import Progress, RunPlan, Scores
from train.engine.run_folder import EpochResult, RunFolder
from train.engine.schedule import Schedule
from train.engine.step import Precision, Trainee, train_epoch
from train.loss import DetectionLoss, scale_gains
from train.model import DetectionNetwork
from train.model.checkpoint import read_checkpoint
from train.model.saving import CheckpointContent, save_checkpoint


class Trainer:
    """Runs a plan in a folder. After an interruption, a new one with `resume` continues it."""

    def __init__(  # noqa: PLR0913 - the ingredients of a run
        self,
        model: DetectionNetwork,
        store: PictureStore,
        score: Callable[[DetectionNetwork], Scores],
        plan: RunPlan,
        folder: RunFolder,
        device: torch.device,
    ) -> None:
        """Put everything on `device`; nothing is read or written yet."""
        self._plan = plan
        self._store = store
        self._score = score
        self._folder = folder
        self._precision = Precision.choose(device)
        recipe = plan.recipe
        model.to(device)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        scaled = self._precision.autocast is torch.float16
        self._trainee = Trainee(
            model,
            ModelEma(model, recipe.ema_decay, recipe.ema_tau),
            make_optimizer(model, recipe, plan.batch_size),
            torch.amp.GradScaler(device.type, enabled=scaled),
        )
        steps = -(-len(store) // plan.batch_size)
        self._schedule = Schedule(recipe, plan.epochs, steps)
        self._rows: list[EpochResult] = []
        self._best = float("-inf")

    @property
    def rows(self) -> tuple[EpochResult, ...]:
        """The epochs done so far, those before a resume too."""
        return tuple(self._rows)

    def resume(self) -> int:
        """Continue from `last.pt`; the number of epochs already done, 0 if there is no such file.

        Raises:
            ModelError: if the checkpoint cannot be read or belongs to another plan.
        """
        if not self._folder.last.is_file():
            return 0
        checkpoint = read_checkpoint(self._folder.last)
        state = checkpoint.train
        if state is None or state.get("plan") != self._plan.identity():
            msg = (
                f"cannot resume from {self._folder.last}: it was made with another recipe, data "
                "set, size, batch or number of epochs; start a new run folder"
            )
            raise ModelError(msg)
        trainee = self._trainee
        trainee.model.load_state_dict(dict(checkpoint.weights))
        trainee.ema.model.load_state_dict(dict(checkpoint.ema or {}))
        trainee.ema.updates = _whole(state["updates"])
        trainee.optimizer.load_state_dict(_mapping(state["optimizer"]))
        trainee.scaler.load_state_dict(_mapping(state["scaler"]))
        trainee.step = _whole(state["step"])
        self._best = float(str(state["best"]))
        rows = state["rows"]
        self._rows = [EpochResult(*row) for row in rows] if isinstance(rows, list) else []
        return len(self._rows)

    def run(self, progress: Progress, first_epoch: int = 0) -> Scores:
        """Train to the last epoch; the scores of the best one.

        Raises:
            DataError: if the loss stops being finite.
            ModelError: if a checkpoint cannot be written.
        """
        self._folder.recipe.write_text(
            yaml.safe_dump(self._plan.recipe.model_dump(), sort_keys=False), encoding="utf-8"
        )
        self._store.preload()
        for epoch in range(first_epoch, self._plan.epochs):
            result, scores = self._epoch(epoch, progress)
            self._rows.append(result)
            self._save(scores)
            self._folder.write_results(self._rows)
            progress.epoch_done(result)
        scored = [r for r in self._rows if r.ap50 is not None and r.ap is not None]
        best = max(scored, key=lambda r: Scores(r.ap50 or 0, r.ap or 0).fitness)
        return Scores(best.ap50 or 0.0, best.ap or 0.0)

    def _epoch(self, epoch: int, progress: Progress) -> tuple[EpochResult, Scores | None]:
        plan, schedule = self._plan, self._schedule
        size = schedule.image_size(epoch, plan.image_size)
        mosaic = schedule.has_mosaic(epoch)
        dataset = TrainingSet(
            self._store, plan.recipe, plan.seed, EpochPlan(epoch, size, mosaic=mosaic)
        )
        sampler = EpochSampler(len(self._store), plan.seed, epoch)
        loader = make_loader(dataset, sampler, plan.batch_size, plan.workers)
        gains = scale_gains(plan.recipe.model_dump(), len(plan.class_names), size)
        loss_of = DetectionLoss(self._trainee.model, gains)
        progress.epoch_started(epoch, len(self._store))
        start_s = time.monotonic()
        terms = train_epoch(
            self._trainee,
            loader,
            loss_of,
            schedule,
            self._precision,
            accumulation(plan.recipe, plan.batch_size),
            progress.batch_done,
        )
        seconds = time.monotonic() - start_s
        last = epoch == plan.epochs - 1
        scores = None
        if last or (epoch + 1) % plan.evaluate_every == 0:
            scores = self._score(self._trainee.ema.model)
        box, obj, cls, total = terms.tolist()
        result = EpochResult(
            epoch=epoch,
            images_per_s=len(self._store) / seconds,
            ap50=scores.ap50 if scores else None,
            ap=scores.ap if scores else None,
            loss_box=box,
            loss_obj=obj,
            loss_cls=cls,
            loss_total=total,
            lr=plan.recipe.lr0 * schedule.lr_factor(self._trainee.step),
            image_size=size,
            images_seen=(epoch + 1) * len(self._store),
            seconds=seconds,
        )
        return result, scores

    def _save(self, scores: Scores | None) -> None:
        improved = scores is not None and scores.fitness > self._best
        if scores is not None and improved:
            self._best = scores.fitness
        trainee = self._trainee
        facts = dict(self._plan.facts) | {
            "recipe": self._plan.recipe.model_dump(),
            "epoch": len(self._rows),
            "image_size": self._plan.image_size,
        }
        if scores is not None:
            facts |= {"ap50": scores.ap50, "ap": scores.ap}
        state = {
            "plan": self._plan.identity(),
            "updates": trainee.ema.updates,
            "optimizer": trainee.optimizer.state_dict(),
            "scaler": trainee.scaler.state_dict(),
            "step": trainee.step,
            "best": self._best,
            "rows": [list(asdict(row).values()) for row in self._rows],
        }
        names = self._plan.class_names
        # the best first: killed in between, a resumed run repeats the epoch and writes both again
        if improved:
            stripped = CheckpointContent(names, metadata=facts, half=True)
            save_checkpoint(self._folder.best, trainee.ema.model, stripped)
        content = CheckpointContent(names, ema=trainee.ema.model, train=state, metadata=facts)
        save_checkpoint(self._folder.last, trainee.model, content)


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` is CUDA where there is a card.

    Raises:
        ModelError: if CUDA is asked for and there is none.
        UsageError: if torch knows no such device.
    """
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if has_cuda else "cpu")
    if name.startswith("cuda") and not has_cuda:
        msg = f"device '{name}' was asked for, but torch sees no CUDA device; use --device cpu"
        raise ModelError(msg)
    try:
        return torch.device(name)
    except RuntimeError as exc:
        msg = f"device '{name}' is not one that torch knows; expected auto, cpu, cuda or cuda:1"
        raise UsageError(msg) from exc


def _whole(value: object) -> int:
    return int(str(value))


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        msg = f"a checkpoint's state must be a mapping, got {type(value).__name__}"
        raise ModelError(msg)
    return value
