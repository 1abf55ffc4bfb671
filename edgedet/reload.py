"""The configuration, read anew while everything runs: what can be changed is, the rest is named.

A source is changed alone: its neighbours lose no frame. One that was live and does not come back
gets its old settings again. What needs a restart is left as it is and told.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from edgedet.analysis import check_classes
from edgedet.clock import Clock, Deadline
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.errors import CommandError, ConfigError
from edgedet.event import SourceState
from edgedet.feeds import Feeds
from edgedet.log import redact
from edgedet.manifest import Bundle
from edgedet.publish.payloads import JsonObject
from edgedet.reload_report import ReloadReport
from edgedet.startup import checked_sources, thresholds_of
from edgedet.stream.model import Thresholds
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.relay import Relay
from edgedet.stream.worker import Worker
from edgedet.track.analysts import Analysts

logger = logging.getLogger(__name__)

ReadSettings = Callable[[], Settings]

_POLL_S = 0.05
_MAX_TOLD = 5  # problems of the file, in a reply
_GRACE_S = 5.0  # beyond the time that a source has for its first frame
_WORKING = (SourceState.LIVE, SourceState.DEGRADED)
_THRESHOLDS = frozenset(("score_threshold", "iou_threshold"))
_FIXED = frozenset(("realtime", "loop"))  # decided when a source's way into the batcher is made
_ANALYSIS = frozenset(("objects", "track", "zones", "lines"))
_WITHOUT_OPENING = _ANALYSIS | {"priority", "max_fps"}


def nothing_to_read() -> Settings:
    """The settings of an application that was made without a file.

    Raises:
        ConfigError: always.
    """
    msg = "there is no file to read the configuration from; restart with the new one"
    raise ConfigError(msg)


@dataclass(frozen=True, slots=True)
class _Change:
    """A source that gets other settings."""

    relay: Relay
    before: SourceSettings
    after: SourceSettings
    must_work: bool
    """Whether it must deliver again: it did before, and was opened anew."""


class Reloader:
    """Applies what its file says to what runs. For any thread, one at a time."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        read: ReadSettings,
        settings: Settings,
        bundle: Bundle,
        feeds: Feeds,
        pipeline: Pipeline,
        analysts: Analysts,
        clock: Clock,
    ) -> None:
        """`settings` are those that run now; `read` reads the file."""
        self._read = read
        self._settings = settings
        self._bundle = bundle
        self._feeds = feeds
        self._pipeline = pipeline
        self._analysts = analysts
        self._clock = clock
        self.grace_s = _GRACE_S
        self._lock = threading.Lock()  # one reload at a time
        self._is_stopping = threading.Event()
        self._worker: Worker | None = None

    @property
    def settings(self) -> Settings:
        """Those that hold now; for any thread."""
        return self._settings

    def reload_soon(self) -> None:
        """Reload on a thread of its own; what comes of it is in the log."""
        if self._worker is None or self._worker.stop(0.0):
            self._worker = Worker("reload", lambda _stop: self._reload_and_tell())
            self._worker.start()

    def request_stop(self) -> None:
        """Wait for no source any longer."""
        self._is_stopping.set()

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
        with self._lock:
            wanted = self._read()
            check_classes(checked_sources(wanted), self._bundle)
            report = ReloadReport()
            self._compare_sections(wanted, report)
            self._apply_thresholds(wanted, report)
            self._apply_sources(wanted, report)
            logger.info("configuration read anew; %s", report)
            return report

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
            changed = _changed(before, after) - (_THRESHOLDS if name == "model" else frozenset())
            report.needs_restart += [f"{name}.{key}" for key in sorted(changed)]

    def _apply_thresholds(self, wanted: Settings, report: ReloadReport) -> None:
        changed = _changed(self._settings.model, wanted.model) & _THRESHOLDS
        if not changed:
            return
        self._pipeline.thresholds = Thresholds(*thresholds_of(wanted.model, self._bundle))
        kept = {key: getattr(wanted.model, key) for key in _THRESHOLDS}
        model = self._settings.model.model_copy(update=kept)
        self._settings = self._settings.model_copy(update={"model": model})
        report.applied += [f"model.{key}" for key in sorted(changed)]

    def _apply_sources(self, wanted: Settings, report: ReloadReport) -> None:
        before = {source.id: source for source in self._settings.sources}
        after = {source.id: source for source in wanted.sources}
        report.needs_restart += [f"sources.{name} (new)" for name in after if name not in before]
        changes = []
        for name, old in before.items():
            # what is no longer there is put to rest; its topics go with the restart
            new = after.get(name) or old.model_copy(update={"enabled": False})
            if name not in after:
                report.needs_restart.append(f"sources.{name} (removed: it is stopped)")
            change = self._begin(old, new, report)
            if change is not None:
                changes.append(change)
        kept = {change.after.id: change.after for change in changes}
        for change in changes:
            reason = self._problem(change)
            if reason:
                self._replace(change.before, _changed(change.before, change.after))
                kept[change.after.id] = change.before
                report.reverted.append((change.after.id, reason))
            else:
                keys = sorted(_changed(change.before, change.after))
                report.applied += [f"sources.{change.after.id}.{key}" for key in keys]
        sources = [kept.get(source.id, source) for source in self._settings.sources]
        self._settings = self._settings.model_copy(update={"sources": sources})

    def _begin(
        self, old: SourceSettings, new: SourceSettings, report: ReloadReport
    ) -> _Change | None:
        """Let a source go on with other settings, if it can."""
        changed = _changed(old, new)
        if not changed:
            return None
        is_other_kind = (old.is_finite, old.is_lossless) != (new.is_finite, new.is_lossless)
        relay = self._feeds.find(old.id)
        if changed & _FIXED or is_other_kind or relay is None:
            report.needs_restart += [f"sources.{old.id}.{key}" for key in sorted(changed)]
            return None
        was_working = relay.record.status().state in _WORKING
        if not self._replace(new, changed):
            report.needs_restart += [f"sources.{old.id}.{key}" for key in sorted(changed)]
            return None
        return _Change(relay, old, new, was_working and not changed <= _WITHOUT_OPENING)

    def _replace(self, source: SourceSettings, changed: set[str]) -> bool:
        """Give a source its settings, of which these are others; False if it has ended."""
        if not self._feeds.replace(source, reopens=not changed <= _WITHOUT_OPENING):
            return False
        if changed & _ANALYSIS:
            self._analysts.put(source)
        return True

    def _problem(self, change: _Change) -> str:
        """Why a source that was live is not live with its new settings; empty if it is."""
        if not change.must_work or not change.after.enabled:
            return ""
        deadline = Deadline(change.after.open_timeout_s + self.grace_s, self._clock)
        status = change.relay.record.status()
        while not deadline.is_over() and not self._is_stopping.is_set():
            status = change.relay.record.status()
            if change.relay.settings is change.after and status.state in _WORKING:
                return ""
            self._is_stopping.wait(_POLL_S)
        return "" if self._is_stopping.is_set() else f"{status.state.value}: {status.reason}"


def _changed(before: BaseModel, after: BaseModel) -> set[str]:
    """The settings that differ, by name."""
    return {
        name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)
    }
