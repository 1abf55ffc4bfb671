"""A training run: epochs, evaluation, checkpoints, resume."""

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import nn

from train.data.loader import TrainingSet, make_loader
from train.data.store import PictureStore
from train.engine.batch_probe import (
    early_graph,
    is_out_of_memory,
    refuse_batch,
    refuse_killed_worker,
)
from train.engine.ema import ModelEma
from train.engine.freeze import frozen_layers, set_mode
from train.engine.hooks import Hook, StepResult
from train.engine.keeping import Keeper
from train.engine.loss import make_loss
from train.engine.machine import Machine, use_channels_last
from train.engine.normalisation import refuse_single_values
from train.engine.optimizer import accumulation, make_optimizer
from train.engine.plan import RunPlan, Scores
from train.engine.run_folder import EpochResult, RunFolder
from train.engine.sampling import ProcessSampler, epoch_order, picture_weights
from train.engine.schedule import Schedule, epochs_since_best
from train.engine.state import RunState
from train.engine.step import DivergedError, EpochLoop, Tally, Trainee, train_epoch
from train.model import DetectionNetwork


class Trainer:
    """Runs a plan in a folder. After an interruption, a new one with `resume` continues it."""

    def __init__(  # noqa: PLR0913 - the ingredients of a run
        self,
        model: DetectionNetwork,
        store: PictureStore,
        score: Callable[[DetectionNetwork], Scores],
        plan: RunPlan,
        folder: RunFolder,
        machine: Machine,
        pretrained: Iterable[str] = (),
    ) -> None:
        """Put everything on the device; nothing is read or written yet.

        `pretrained` names the parameters whose values came from a checkpoint.
        """
        self._plan, self._store, self._score = plan, store, score
        self._keeper = Keeper(folder, plan)
        self._precision, self._world = machine.precision, machine.world
        recipe = plan.recipe
        model.to(machine.precision.device)
        use_channels_last(model)
        self._trainee = Trainee(
            model,
            ModelEma(model, recipe.ema_decay, recipe.ema_tau),
            make_optimizer(model, recipe, plan.batch_size, pretrained),
            torch.amp.GradScaler(
                machine.precision.device.type, enabled=machine.precision.is_scaled
            ),
        )
        self._called = machine.network(model)
        self._network: nn.Module = self._called
        self._frozen: set[int] | None = None
        steps = -(-len(store) // plan.batch_size)
        self._schedule = Schedule(recipe, plan.epochs, steps, model.strides[-1])
        refuse_single_values(plan, self._schedule, len(store), self._world.size)
        self._state = RunState()
        self._labels = [sample.labels for sample in store.samples]

    @property
    def rows(self) -> tuple[EpochResult, ...]:
        """The epochs done so far, those before a resume too."""
        return tuple(self._state.rows)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done, or enough of them went by without a better one."""
        patience = self._plan.recipe.patience
        waited = epochs_since_best(self._state.fitnesses)
        return len(self._state.rows) >= self._plan.epochs or bool(patience and waited >= patience)

    @property
    def best(self) -> Scores:
        """The scores of the best epoch so far."""
        scored = [Scores(r.ap50 or 0, r.ap or 0) for r in self.rows if r.ap is not None]
        return max(scored, key=lambda each: each.fitness, default=Scores(0.0, 0.0))

    def resume(self, *, extend: bool = False) -> int:
        """Continue from `last.pt`; the number of epochs already done, 0 if there is no such file.

        Raises:
            ModelError: if the checkpoint cannot be read or belongs to another plan; with `extend`
                it may be for fewer epochs.
        """
        checkpoint = self._world.from_first(self._keeper.read)
        if checkpoint is not None:
            self._state = self._keeper.restore(checkpoint, self._trainee, extend=extend)
        return len(self._state.rows)

    def run(self, hooks: Sequence[Hook] = ()) -> Scores:
        """Train to the last epoch; the scores of the best one.

        Raises:
            DataError: if the loss diverges.
            ModelError: if a checkpoint cannot be written.
        """
        hooks = hooks if self._world.is_first else ()
        if self._world.is_first:
            self._keeper.folder.write_recipe(self._plan.recipe)
        self._store.preload()
        seen = len(self.rows) * len(self._store) + self._state.tally.batches * self._plan.batch_size
        _tell(hooks, lambda hook: hook.run_started(self._plan, self.rows, seen))
        try:
            while not self.is_finished:
                self._epoch(hooks)
        finally:
            _tell(hooks, lambda hook: hook.run_ended())
        return self.best

    def _epoch(self, hooks: Sequence[Hook]) -> None:
        state, world = self._state, self._world
        epoch, resumed_s = len(state.rows), state.seconds
        seen = min(state.tally.batches * self._plan.batch_size, len(self._store))
        _tell(hooks, lambda hook: hook.epoch_started(epoch, len(self._store), seen))
        start_s = time.monotonic()
        loop = self._loop(epoch, hooks, start_s - resumed_s)
        self._train(epoch, loop, resumed=state.tally.batches > 0)
        state.seconds = time.monotonic() - start_s + resumed_s
        is_last = epoch == self._plan.epochs - 1
        scores = None
        if is_last or (epoch + 1) % self._plan.evaluate_every == 0:
            scores = self._score(self._trainee.ema.model)
        result = self._result(epoch, scores, state.seconds)
        is_best = state.note(result, scores)
        if world.is_first:
            self._keeper.save_epoch(self._trainee, state, scores, is_best=is_best)
        _tell(hooks, lambda hook: hook.epoch_done(result))

    def _train(self, epoch: int, loop: EpochLoop, *, resumed: bool) -> None:
        plan, tally = self._plan, self._state.tally
        look = self._schedule.epoch_plan(epoch, plan.image_size)
        dataset = TrainingSet(self._store, plan.recipe, plan.seed, look)
        sampler = self._sampler(epoch)
        share = plan.batch_size // self._world.size
        loader = make_loader(dataset, sampler, share, plan.workers, tally.batches)
        loader.generator = torch.Generator()  # so that no draw depends on what was drawn before
        if not resumed:
            torch.manual_seed(int(np.random.SeedSequence([plan.seed, epoch]).generate_state(1)[0]))
        early = early_graph()
        try:
            train_epoch(self._trainee, loader, loop, tally)
        except DivergedError as exc:
            samples = self._store.samples
            pictures = [samples[n % len(samples)].path for n in sampler.batches[exc.batch]]
            raise self._keeper.explained(exc, pictures, epoch) from exc
        except (RuntimeError, MemoryError) as exc:
            refuse_killed_worker(exc)
            if not is_out_of_memory(exc):
                raise
        else:
            return
        growth = 1 + plan.recipe.multi_scale
        largest = round(look.image_size * growth / look.stride) * look.stride
        early.backward()  # type: ignore[no-untyped-call]  # see early_graph
        refuse_batch(self._trainee, loop, largest, plan.batch_size)

    def _loop(self, epoch: int, hooks: Sequence[Hook], start_s: float) -> EpochLoop:
        plan, model, device = self._plan, self._trainee.model, self._precision.device
        frozen = frozen_layers(model, plan.recipe, epoch, plan.epochs)
        set_mode(model, frozen)
        if frozen != self._frozen:  # DDP wants to know beforehand what has a gradient
            self._network = self._world.wrap(self._called, device)
            self._frozen = frozen
        size = self._schedule.image_size(epoch, plan.image_size)
        return EpochLoop(
            self._network,
            make_loss(model, plan, size, self._labels, self._world),
            self._schedule,
            self._precision,
            accumulation(plan.recipe, plan.batch_size),
            self._state.fitnesses,
            self._world,
            self._on_step(hooks, start_s),
        )

    def _on_step(
        self, hooks: Sequence[Hook], start_s: float
    ) -> Callable[[Tally, torch.Tensor, int, bool], None]:
        """What happens after each batch: hooks are told, and now and then the state is saved."""
        trainee, state = self._trainee, self._state
        saved_s = time.monotonic()

        def on_step(_tally: Tally, terms: torch.Tensor, images: int, is_update: bool) -> None:
            nonlocal saved_s
            lr = max(g["lr"] for g in trainee.optimizer.param_groups if g["role"] != "bias")
            result = StepResult(trainee.step, images * self._world.size, terms, lr)
            _tell(hooks, lambda hook: hook.step_done(result))
            if is_update and time.monotonic() - saved_s > self._plan.save_every_s:
                saved_s = time.monotonic()
                state.seconds = saved_s - start_s
                if self._world.is_first:
                    self._keeper.save_midway(trainee, state)

        return on_step

    def _sampler(self, epoch: int) -> ProcessSampler:
        plan, weights = self._plan, None
        if plan.recipe.image_weights:
            weights = picture_weights(self._labels, len(plan.class_names), self._state.class_ap)
        order = epoch_order(len(self._store), plan.seed, epoch, weights)
        process = (self._world.rank, self._world.size)
        return ProcessSampler(order, plan.batch_size, process, self._state.tally.batches)

    def _result(self, epoch: int, scores: Scores | None, seconds: float) -> EpochResult:
        tally, plan = self._state.tally, self._plan
        total = self._world.sums(torch.cat([tally.sums, torch.tensor([float(tally.images)])]))
        box, obj, cls, whole = (total[:4] / total[4].clamp(min=1)).tolist()
        factor = self._schedule.lr_factor(self._trainee.step, self._state.fitnesses)
        return EpochResult(
            epoch=epoch,
            images_per_s=len(self._store) / max(seconds, 1e-9),
            ap50=scores.ap50 if scores else None,
            ap=scores.ap if scores else None,
            loss_box=box,
            loss_obj=obj,
            loss_cls=cls,
            loss_total=whole,
            lr=plan.recipe.lr0 * factor,
            image_size=self._schedule.image_size(epoch, plan.image_size),
            images_seen=(epoch + 1) * len(self._store),
            seconds=seconds,
        )


def _tell(hooks: Sequence[Hook], what: Callable[[Hook], None]) -> None:
    for hook in hooks:
        what(hook)
