"""A device on a fake clock: real bundles and files, and models that do as they are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edgedet.config.rollout import RolloutSettings
from edgedet.errors import ModelError
from edgedet.event import LastRun, RunEnd
from edgedet.manifest import Bundle
from edgedet.models.active import ActiveModel
from edgedet.models.store import ModelStore
from edgedet.rollout.base import Candidate, Pause, RunFigures, ShadowFigures, SourceFigures
from edgedet.rollout.intake import Intake
from edgedet.rollout.machine import Site
from edgedet.rollout.record import Record, RecordFile, State
from edgedet.rollout.restart import settle_restart
from edgedet.rollout.retention import Retention
from edgedet.rollout.rollout import Rollout
from edgedet.rollout.wish import Asker, Wish
from edgedet.stream.worker import StopSignal
from tests.stream.fakes import FakeClock

KILLED = LastRun(RunEnd.KILLED)
STOPPED = LastRun(RunEnd.STOPPED)
SETTINGS = RolloutSettings(shadow_s=10, watch_minutes=1)


class KilledError(BaseException):
    """The power is gone."""


@dataclass
class Mortal:
    """Dies at its `left`th step, before or after a write or a deed; never if None."""

    left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KilledError


def ran(objects: int = 300, picture_s: float = 0.01, **figures: object) -> RunFigures:
    """Figures of a model: 300 frames, an object in each, unless told otherwise."""
    values: dict[str, object] = {
        "pictures": 300,
        "batches": 300,
        "infer_s": 300 * picture_s,
        "p50_s": picture_s,
        "p99_s": 2 * picture_s,
        "sources": {"gate": SourceFigures(300, objects)},
        **figures,
    }
    return RunFigures(**values)  # type: ignore[arg-type]


@dataclass
class Model:
    """How a model behaves."""

    prepare: Exception | None = None
    deviation: str = ""
    shadow: RunFigures = field(default_factory=ran)
    agreed: int = 600
    watch: RunFigures = field(default_factory=ran)


class FakeCandidate:
    """A loaded model; its name is its folder's."""

    backend = "fake"

    def __init__(self, name: str, model: Model) -> None:
        self.name = name
        self.model = model

    def golden_deviation(self) -> str:
        return self.model.deviation


class FakeStage:
    """Remembers who is loaded, and who serves."""

    def __init__(self, serving: str, models: Mapping[str, Model], mortal: Mortal) -> None:
        self.serving = serving
        self.before = ""
        self.loaded: list[str] = []
        self.back_error: Exception | None = None
        self._models = models
        self._mortal = mortal

    def prepare(self, bundle: Bundle, pause: Pause | None = None) -> Candidate:
        self._mortal.step()
        name = bundle.folder.name
        model = self._models.get(name, Model())
        if model.prepare is not None:
            raise model.prepare
        if pause is not None:
            pause(1.0)
        self.loaded.append(name)
        return FakeCandidate(name, model)

    def shadow(self, candidate: Candidate, seconds: float, pause: Pause) -> ShadowFigures:
        assert isinstance(candidate, FakeCandidate)
        self._mortal.step()
        pause(seconds)
        self._mortal.step()
        return ShadowFigures(ran(), candidate.model.shadow, candidate.model.agreed, 600)

    def switch(self, candidate: Candidate) -> None:
        assert isinstance(candidate, FakeCandidate)
        self._mortal.step()
        self.before, self.serving = self.serving, candidate.name
        self._mortal.step()

    def back(self) -> None:
        self._mortal.step()
        if self.back_error is not None:
            raise self.back_error
        self.serving, self.before = self.before, ""
        self._mortal.step()

    def settle(self) -> None:
        self._mortal.step()
        self.before = ""

    def release(self, candidate: Candidate) -> None:
        assert isinstance(candidate, FakeCandidate)
        self._mortal.step()
        self.loaded.remove(candidate.name)

    def figures(self) -> RunFigures:
        self._mortal.step()
        return self._models.get(self.serving, Model()).watch


class _File(RecordFile):
    def __init__(self, folder: Path, mortal: Mortal) -> None:
        super().__init__(folder)
        self._mortal = mortal
        self.states: list[State] = []
        self.fails = False

    def write(self, record: Record) -> None:
        self._mortal.step()
        if self.fails:
            msg = "no room"
            raise ModelError(msg)
        super().write(record)
        self.states.append(record.state)
        self._mortal.step()


class _Store(ModelStore):
    def __init__(self, state_dir: Path, mortal: Mortal) -> None:
        super().__init__(state_dir)
        self._mortal = mortal

    def _choose(
        self, model: str, configured: Bundle, now: datetime, reason: str, history: list[str]
    ) -> ActiveModel:
        self._mortal.step()
        active = super()._choose(model, configured, now, reason, history)
        self._mortal.step()
        return active


class _Stop(StopSignal):
    """Moves the clock instead of waiting."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._fake = clock
        self.while_waiting: Callable[[], None] = lambda: None

    def wait(self, timeout: float | None = None) -> bool:
        self._fake.advance(timeout or 0.0)
        self.while_waiting()
        return self.is_set()


class Device:
    """A state directory, and one run of the service after the other."""

    def __init__(
        self,
        folder: Path,
        configured: Bundle,
        settings: RolloutSettings = SETTINGS,
        public_key_file: Path | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.configured = configured
        self.models: dict[str, Model] = {}
        self.told: list[Record] = []
        self.forgotten: list[str] = []
        self.errors: list[BaseException] = []
        self._folder, self._settings, self._key = folder, settings, public_key_file
        self.store = ModelStore(folder)
        self.stop = _Stop(self.clock)

    def boot(self, last: LastRun | None = STOPPED, mortal: Mortal | None = None) -> None:
        """A start of the service; the model that serves is `stage.serving`."""
        mortal = mortal or Mortal()
        store = _Store(self._folder, mortal)
        self.file = _File(store.folder, mortal)
        self.stop = _Stop(self.clock)
        now = self.clock.utc_now()
        record = settle_restart(store, self.file, self.configured, last, now)
        self.bundle = store.in_use(self.configured)
        self.stage = FakeStage(self.bundle.folder.name, self.models, mortal)
        intake = Intake(store, self.configured, self._rules, self._key)
        retention = Retention(
            store, self.configured, self._rules, self.forgotten.append, self.clock
        )
        site = Site(store, self.configured, self.stage, intake, self._rules, retention, self.clock)
        on_error = self.errors.append
        self.rollout = Rollout(site, self.file, record, "bench-01", self._tell, on_error)

    def run(self, wish: Wish | None = None) -> Record:
        """Do everything that is to be done."""
        if not self.rollout.record.state.is_over:
            self.rollout.turn(self.stop)
        if wish is not None:
            self.rollout.ask(wish)
        self.rollout.turn(self.stop)
        return self.rollout.record

    def change(self, **settings: object) -> None:
        """Let these rules hold from now on."""
        self._settings = self._settings.model_copy(update=settings)

    def _rules(self) -> RolloutSettings:
        return self._settings

    def _tell(self) -> None:
        self.told.append(self.rollout.record)


def wish_for(model: str, asker: Asker = Asker.COMMAND) -> Wish:
    """To use an installed model."""
    return Wish(asker=asker, model=model)
