"""The configuration, read anew while everything runs: what can be changed is, the rest is named.

A source is changed alone: its neighbours lose no frame. One that was live and does not come back
gets its old settings again. What needs a restart is left as it is and told.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from edgedet.analysis import check_classes
from edgedet.clock import Clock
from edgedet.config.rollout import RolloutSettings
from edgedet.config.section import changed_settings
from edgedet.config.settings import Settings
from edgedet.errors import CommandError, ConfigError
from edgedet.lineup import Lineup
from edgedet.log import redact
from edgedet.publish.payloads import JsonObject
from edgedet.reload_report import ReloadReport
from edgedet.source_changes import SourceChanges
from edgedet.startup import checked_sources, thresholds_of
from edgedet.stream.model import Model
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

ReadSettings = Callable[[], Settings]

_MAX_TOLD = 5  # problems of the file, in a reply
_THRESHOLDS = frozenset(("score_threshold", "iou_threshold"))
_RULES = frozenset(RolloutSettings.model_fields) - {"desired"}  # for which a topic is subscribed to
_LIVE = {"model": _THRESHOLDS, "rollout": _RULES}


def _nothing() -> None:
    """What to call when nobody wants to know."""


def nothing_to_read() -> Settings:
    """The settings of an application that was made without a file.

    Raises:
        ConfigError: always.
    """
    msg = "there is no file to read the configuration from; restart with the new one"
    raise ConfigError(msg)


class Reloader:
    """Applies what its file says to what runs. For any thread, one at a time."""

    def __init__(
        self,
        read: ReadSettings,
        settings: Settings,
        pipeline: Pipeline,
        lineup: Lineup,
        clock: Clock,
    ) -> None:
        """`settings` are those that run now; `read` reads the file."""
        self._read = read
        self._settings = settings
        self._pipeline = pipeline
        self.changes = SourceChanges(lineup, clock)
        self.on_begin: Callable[[], object] = _nothing
        """Called before a file is read, on the thread that reads it; `on_end` after."""
        self.on_end: Callable[[], object] = _nothing
        self.on_applied: Callable[[], object] = _nothing
        """Called when what a file says holds, as far as it can."""
        self._lock = threading.Lock()  # one reload at a time
        self._soon = threading.Lock()  # guards the three below
        self._is_wanted = False
        self._is_running = False
        self._worker: Worker | None = None

    @property
    def settings(self) -> Settings:
        """Those that hold now; for any thread."""
        return self._settings

    @property
    def _model(self) -> Model:
        """The one in use."""
        return self._pipeline.roster.in_use.model

    @property
    def thresholds(self) -> tuple[float, float]:
        """Of the score and the overlap, as they are configured now."""
        found = thresholds_of(self._settings.model, self._model.defaults)
        return found.score, found.iou

    def reload_soon(self) -> None:
        """Reload on a thread of its own, once more if that is going on; the log tells the rest."""
        with self._soon:
            self._is_wanted = True
            if not self._is_running:
                self._is_running = True
                self._worker = Worker("reload", self._run)
                self._worker.start()

    def request_stop(self) -> None:
        """Wait for no source any longer."""
        self.changes.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End; whether nothing is being reloaded."""
        self.request_stop()
        return self._worker is None or self._worker.stop(timeout_s)

    def command(self) -> JsonObject:
        """Reload for somebody who gets a reply.

        Raises:
            CommandError: the file is not valid; nothing was changed.
        """
        try:
            return self.reload().to_json()
        except ConfigError as exc:
            told = "; ".join(exc.problems[:_MAX_TOLD]) or str(exc)
            raise CommandError(redact(told)) from exc

    def reload(self) -> ReloadReport:
        """Read, compare, apply, and see whether what was changed works.

        Raises:
            ConfigError: the file is not valid; nothing was changed.
        """
        with self._lock, self._announced():
            wanted = self._read()
            check_classes(checked_sources(wanted), self._model.identity.class_names)
            report = ReloadReport()
            self._compare_sections(wanted, report)
            self._apply_thresholds(wanted, report)
            self._apply_rules(wanted, report)
            sources = self.changes.apply(self._settings.sources, wanted.sources, report)
            self._settings = self._settings.model_copy(update={"sources": sources})
            self.on_applied()
            logger.info("configuration read anew; %s", report)
            return report

    @contextmanager
    def _announced(self) -> Iterator[None]:
        self.on_begin()
        try:
            yield
        finally:
            self.on_end()

    def _run(self, stop: threading.Event) -> None:
        while True:
            with self._soon:
                if not self._is_wanted or stop.is_set():
                    self._is_running = False
                    return
                self._is_wanted = False
            try:
                self._reload_and_tell()
            except BaseException:
                self._is_running = False  # the next request gets another thread
                raise

    def _reload_and_tell(self) -> None:
        try:
            self.reload()
        except ConfigError as exc:
            told = "; ".join((str(exc), *exc.problems))
            logger.error("%s; going on as before", told)  # noqa: TRY400 - the message says it all

    def _compare_sections(self, wanted: Settings, report: ReloadReport) -> None:
        """Name what cannot be changed while everything runs."""
        for name in type(wanted).model_fields:
            before, after = getattr(self._settings, name), getattr(wanted, name)
            if name == "sources" or before == after:
                continue
            if not isinstance(before, BaseModel) or not isinstance(after, BaseModel):
                report.needs_restart.append(name)
                continue
            changed = changed_settings(before, after)
            changed -= _LIVE.get(name, frozenset())
            report.needs_restart += [f"{name}.{key}" for key in sorted(changed)]

    def _apply_thresholds(self, wanted: Settings, report: ReloadReport) -> None:
        changed = changed_settings(self._settings.model, wanted.model) & _THRESHOLDS
        if not changed:
            return
        self._pipeline.thresholds = thresholds_of(wanted.model, self._model.defaults)
        kept = {key: getattr(wanted.model, key) for key in _THRESHOLDS}
        model = self._settings.model.model_copy(update=kept)
        self._settings = self._settings.model_copy(update={"model": model})
        report.applied += [f"model.{key}" for key in sorted(changed)]

    def _apply_rules(self, wanted: Settings, report: ReloadReport) -> None:
        """Let the next change of the model go by these rules, not one that is under way."""
        changed = changed_settings(self._settings.rollout, wanted.rollout) & _RULES
        if not changed:
            return
        kept = {key: getattr(wanted.rollout, key) for key in _RULES}
        rollout = self._settings.rollout.model_copy(update=kept)
        self._settings = self._settings.model_copy(update={"rollout": rollout})
        report.applied += [f"rollout.{key}" for key in sorted(changed)]
