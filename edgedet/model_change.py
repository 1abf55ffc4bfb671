"""Which model an application runs, and how another takes over while it does: the parts together."""

import logging
from collections.abc import Callable

from edgedet.clock import Clock
from edgedet.config.rollout import RolloutSettings
from edgedet.config.settings import Settings
from edgedet.detect import store_in
from edgedet.detect.engine.store import remove_engines_of
from edgedet.errors import CommandError, ModelError
from edgedet.event import LastRun
from edgedet.lock import FileLock
from edgedet.manifest import Bundle
from edgedet.models import ModelStore
from edgedet.models.listing import listed
from edgedet.models.retention import kept_for
from edgedet.models.store import CONFIGURED
from edgedet.outlets import Outlets
from edgedet.publish.broker import Incoming
from edgedet.publish.commands.arguments import InstallArguments, ModelArguments, NoArguments
from edgedet.publish.commands.desk import CommandDesk
from edgedet.publish.payloads import JsonObject
from edgedet.publish.state_payloads import model_document
from edgedet.reload import Reloader
from edgedet.rollout.claim import take_claim
from edgedet.rollout.intake import Intake
from edgedet.rollout.machine import Site
from edgedet.rollout.record import Record, RecordFile, State
from edgedet.rollout.report import Figures, rollout_document, rollout_figures
from edgedet.rollout.restart import settle_restart
from edgedet.rollout.retention import Retention, needed_models
from edgedet.rollout.rollout import Rollout
from edgedet.rollout.wish import Asker, Wish
from edgedet.sampling_start import SamplingStart
from edgedet.stage import PipelineStage
from edgedet.startup import configured_bundle
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.worker import ErrorCallback

logger = logging.getLogger(__name__)


def retention_of(
    settings: Callable[[], Settings], store: ModelStore, configured: Bundle, clock: Clock
) -> Retention:
    """What removes old models of a state directory, and the engines that are theirs."""
    state_dir = settings().state_dir

    def forget_engines(digest: str) -> None:
        for engine in remove_engines_of(state_dir, digest):
            logger.info("engine %s: removed with its model", engine.name)

    return Retention(store, configured, lambda: settings().rollout, forget_engines, clock)


class ModelChange:
    """The models of one application. One thread owns it."""

    def __init__(self, settings: Settings, last_run: LastRun | None, clock: Clock) -> None:
        """Choose the bundle to run, having seen to what the run before left unfinished.

        Raises:
            ConfigError: there is none where the settings say.
            ModelError: it cannot be used.
        """
        self._settings, self._clock = settings, clock
        self._configured = configured_bundle(settings)
        self._store = ModelStore(settings.state_dir)
        self._rules: Callable[[], RolloutSettings] = lambda: settings.rollout
        self._file = RecordFile(self._store.folder)
        self._claim: FileLock | None = None
        self._rollout: Rollout | None = None
        self._record = Record()
        if all(source.is_finite for source in settings.sources if source.enabled):
            self.bundle = self._store.in_use(self._configured)  # a run that is over before long
            return
        self.bundle = self._settled(last_run)

    def attach(
        self,
        pipeline: Pipeline,
        reloader: Reloader,
        samples: SamplingStart,
        outlets: Outlets,
        on_error: ErrorCallback,
    ) -> None:
        """Let models of `pipeline` change, and have it told and asked for over MQTT.

        `reloader` has the settings that hold, `samples` are told what a shadow run sees, and
        `on_error` of what only a new start can mend.
        """
        if self._claim is None:
            return
        self._rules = lambda: reloader.settings.rollout
        exchange = None if outlets.mqtt is None else outlets.mqtt.exchange
        key = self._settings.model.public_key_file
        intake = Intake(self._store, self._configured, self._rules, key)
        store = store_in(self._settings.state_dir)
        stage = PipelineStage(lambda: reloader.settings, pipeline, store, self._clock, samples.hear)
        retention = retention_of(
            lambda: reloader.settings, self._store, self._configured, self._clock
        )
        site = Site(
            self._store, self._configured, stage, intake, self._rules, retention, self._clock
        )
        tell = (lambda: None) if exchange is None else exchange.ask_for_rebirth
        made = Rollout(site, self._file, self._record, self._settings.device.name, tell, on_error)
        self._rollout = made
        if exchange is None:
            return
        exchange.describe("rollout", lambda: rollout_document(made.record))
        exchange.describe("model", lambda: model_document(pipeline.roster.in_use.model.identity))
        if self._settings.rollout.desired:

            def hear(incoming: Incoming) -> None:
                made.desire(incoming.payload)

            exchange.listen(outlets.topics.desired_model, hear)

    def start(self) -> None:
        """Begin, with what the run before left unfinished."""
        if self._rollout is not None:
            self._rollout.start()

    def request_stop(self) -> None:
        """Begin no further step."""
        if self._rollout is not None:
            self._rollout.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End; whether the thread has ended. What is unfinished is gone on with after a start."""
        has_ended = self._rollout is None or self._rollout.stop(timeout_s)
        if has_ended and self._claim is not None:
            self._claim.release()
        return has_ended

    def figures(self) -> Figures | None:
        """How it goes, for the page and the metrics; None where models are not changed."""
        rollout = self._rollout
        return None if rollout is None else rollout_figures(rollout.record, rollout.counts)

    def offer(self, desk: CommandDesk) -> None:
        """Take commands about models."""
        desk.offer("models-install", InstallArguments, self._install)
        desk.offer("models-activate", ModelArguments, self._activate)
        desk.offer("models-rollback", NoArguments, lambda _: self._go_back())
        desk.offer("models-list", NoArguments, lambda _: self._list())

    def _install(self, arguments: InstallArguments) -> JsonObject:
        wish = Wish(
            asker=Asker.COMMAND,
            url=arguments.url,
            sha256=arguments.sha256,
            activates=arguments.activate,
        )
        return self._asked(wish)

    def _activate(self, arguments: ModelArguments) -> JsonObject:
        digest = arguments.sha256 or ""
        return self._asked(Wish(asker=Asker.COMMAND, model=arguments.model, sha256=digest))

    def _asked(self, wish: Wish) -> JsonObject:
        return {"rollout": rollout_document(self._running().ask(wish))}

    def _go_back(self) -> JsonObject:
        record = self._running().ask_for_the_one_before(Asker.COMMAND)
        return {"rollout": rollout_document(record)}

    def _list(self) -> JsonObject:
        record = self._running().record
        serving = record.to if record.state is State.WATCHING else record.serving
        needed = needed_models(self._store, self._configured, record)
        kept = kept_for(self._store, needed, self._rules().keep_models)
        rows = listed(self._store, self._configured, self._configured, kept)
        models = [
            {key: value for key, value in row.items() if key != "folder"}
            | {"in_use": row["id"] == serving}
            for row in rows
        ]
        return {"models": models, "rollout": rollout_document(record)}

    def _running(self) -> Rollout:
        if self._rollout is None:
            msg = "no model is changed while this run lasts; the log of its start says why"
            raise CommandError(msg)
        return self._rollout

    def _settled(self, last_run: LastRun | None) -> Bundle:
        """The bundle to run, once what is on disk agrees with itself again."""
        store, configured = self._store, self._configured
        now = self._clock.utc_now()
        try:
            self._claim = take_claim(store.folder)
            record = settle_restart(store, self._file, configured, last_run, now)
        except ModelError as exc:
            logger.warning("no model is changed while the service runs: %s", exc)
            self._release()
            found = self._file.read()
            if found.state is not State.WATCHING:
                return store.in_use(configured)
            # how often it was tried cannot be written down, so that it is not tried
            return store.whole(found.before, configured)
        bundle = store.in_use(configured)
        serving = CONFIGURED if bundle.folder == configured.folder else bundle.folder.name
        if record.state is not State.WATCHING:
            record = record.model_copy(update={"serving": serving})
        self._record = record
        return bundle

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.release()
            self._claim = None
