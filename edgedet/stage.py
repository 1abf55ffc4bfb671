"""The running pipeline as a stage for two models: what a rollout asks for, on the real thing."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from edgedet.analysis import check_classes
from edgedet.clock import Clock
from edgedet.config.settings import Settings
from edgedet.detect import ChoiceStore
from edgedet.detect.golden import own_deviation
from edgedet.errors import ConfigError, ModelError
from edgedet.manifest import Bundle
from edgedet.proving import Trial, prove_apart
from edgedet.publish.home_assistant.discovery import classes_of
from edgedet.rollout.base import Candidate, Pause, RunFigures, ShadowFigures
from edgedet.sampling_parts import check_sampling
from edgedet.startup import model_of, thresholds_of
from edgedet.stream.model import Model, Thresholds
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.runner import Runner
from edgedet.stream.shadow import SecondOpinion, Shadow

LOAD_LIMIT_S = 120.0
_GOLDEN_LIMIT_S = 60.0


def _nobody(*_: object) -> None:
    """Who wants to know of second opinions, if nobody does."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A candidate: its bundle, and the thread that has it loaded."""

    bundle: Bundle
    runner: Runner

    @property
    def backend(self) -> str:
        """What runs it."""
        return self.runner.backend

    def golden_deviation(self) -> str:
        """How its answers to its golden pictures differ, in words; empty if they do not.

        Raises:
            ModelError: it fails, or takes too long.
        """
        return self.runner.call(lambda each: own_deviation(self.bundle, each), _GOLDEN_LIMIT_S)


class PipelineStage:
    """See `edgedet.rollout.base.Stage`. For the thread of the rollout."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        pipeline: Pipeline,
        store: ChoiceStore,
        clock: Clock,
        on_second: SecondOpinion = _nobody,
    ) -> None:
        """Change the models of `pipeline`. `settings` are those that hold at that time.

        `store` remembers backends, and keeps engines; `on_second` hears what a shadow run sees.
        """
        self._settings = settings
        self._pipeline = pipeline
        self._store = store
        self._clock = clock
        self._on_second = on_second

    def prepare(self, bundle: Bundle, pause: Pause | None = None) -> LoadedModel:
        """Try a bundle in a process of its own, then load it here, on a thread of its own.

        Raises:
            ModelError: it does not fit the configuration, crashes, answers wrongly, or does not
                load in time; nothing is left.
        """
        settings = self._settings()
        pause = pause or time.sleep
        _check_fit(settings, bundle)
        max_batch = settings.batch.max_size
        asked = settings.model.model_copy(update={"bundle": bundle.folder})
        prove_apart(Trial(bundle.folder, asked, max_batch, settings.state_dir), pause)
        model = model_of(bundle, asked, max_batch, self._store)
        runner = self._pipeline.roster.add(model, max_batch)
        try:
            runner.wait_until_loaded(LOAD_LIMIT_S, lambda: pause(0.0))
        except BaseException:
            self._pipeline.roster.release(runner)
            raise
        return LoadedModel(bundle, runner)

    def shadow(self, candidate: Candidate, seconds: float, pause: Pause) -> ShadowFigures:
        """Show it copies of live frames, a few a second.

        Raises:
            ModelError: it hangs; it is to be released.
        """
        used, tap = self._pipeline.roster.in_use, self._pipeline.tap
        new = _runner(candidate)
        return Shadow(tap, used, new, self._clock, self._on_second).run(seconds, pause)

    def switch(self, candidate: Candidate) -> None:
        """Have it serve from the next batch on, with the thresholds that it ought to have.

        Raises:
            ModelError: it cannot serve any more; the old one goes on.
        """
        roster = self._pipeline.roster
        old = roster.in_use
        new = _runner(candidate)
        new.thresholds = self._thresholds(old, new.model)
        roster.switch(new)

    def back(self) -> None:
        """Have the old model serve again, and free the new one."""
        self._pipeline.roster.back()

    def settle(self) -> None:
        """Free the old model."""
        self._pipeline.roster.settle()

    def release(self, candidate: Candidate) -> None:
        """Free a candidate that will not serve."""
        self._pipeline.roster.release(_runner(candidate))

    def figures(self) -> RunFigures:
        """What the model in use did since it took over."""
        return self._pipeline.roster.figures()

    def _thresholds(self, old: Runner, new: Model) -> Thresholds:
        """Those of the configuration or the new model, but what a command has set stays."""
        settings = self._settings().model
        usual, found = thresholds_of(settings, old.model.defaults), old.thresholds
        wanted = thresholds_of(settings, new.defaults)
        return Thresholds(
            wanted.score if found.score == usual.score else found.score,
            wanted.iou if found.iou == usual.iou else found.iou,
        )


def _runner(candidate: Candidate) -> Runner:
    assert isinstance(candidate, LoadedModel)  # noqa: S101 - nobody else makes candidates
    return candidate.runner


def _check_fit(settings: Settings, bundle: Bundle) -> None:
    """Refuse a model with which the service would not start again.

    Raises:
        ModelError: the configuration names a class that it does not know.
    """
    names = bundle.manifest.class_names
    try:
        check_classes(settings.sources, names)
        if not settings.mqtt.is_off:
            classes_of(settings.mqtt.home_assistant.count_classes, names)
        check_sampling(settings, names)
    except ConfigError as exc:
        told = "; ".join(exc.problems) or str(exc)
        msg = f"'{bundle.manifest.name}' does not fit the configuration: {told}"
        raise ModelError(msg) from exc
