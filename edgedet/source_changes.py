"""Sources that get other settings while everything runs, each alone: its neighbours lose no frame.

One that was live and does not come back gets its old settings again. What needs a restart is left
as it is and told.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.config.section import changed_settings
from edgedet.config.source import SourceSettings
from edgedet.event import SourceState
from edgedet.lineup import Lineup
from edgedet.reload_report import ReloadReport
from edgedet.stream.relay import Relay

_POLL_S = 0.05
_GRACE_S = 5.0  # beyond the time that a source has for its first frame
_WORKING = (SourceState.LIVE, SourceState.DEGRADED)
_FIXED = frozenset(("realtime", "loop"))  # decided when a source's way into the batcher is made


@dataclass(frozen=True, slots=True)
class _Change:
    """A source that gets other settings."""

    relay: Relay
    before: SourceSettings
    after: SourceSettings
    must_work: bool
    """Whether it must deliver again: it did before, and was opened anew."""


class SourceChanges:
    """Applies other settings to the sources of a lineup. For one thread, but `request_stop`."""

    def __init__(self, lineup: Lineup, clock: Clock) -> None:
        """Change `lineup`."""
        self._lineup = lineup
        self._clock = clock
        self.grace_s = _GRACE_S
        self._is_stopping = threading.Event()

    def request_stop(self) -> None:
        """Wait for no source any longer; from any thread."""
        self._is_stopping.set()

    def apply(
        self,
        sources: Sequence[SourceSettings],
        wanted: Sequence[SourceSettings],
        report: ReloadReport,
    ) -> list[SourceSettings]:
        """Go from `sources` to those that are `wanted`, as far as can be; those that hold now."""
        after = {source.id: source for source in wanted}
        stay = self._come_and_go(sources, wanted, report)
        changes = [
            change
            for source in stay
            if (change := self._begin(source, after.get(source.id, source), report)) is not None
        ]
        kept = {change.after.id: self._outcome(change, report) for change in changes}
        hold = [kept.get(source.id, source) for source in stay]
        if hold != list(sources):
            self._lineup.tell(hold)
        return hold

    def _come_and_go(
        self,
        sources: Sequence[SourceSettings],
        wanted: Sequence[SourceSettings],
        report: ReloadReport,
    ) -> list[SourceSettings]:
        """Open what is new, then close what is no longer there; all that are there now."""
        before, after = ({each.id for each in group} for group in (sources, wanted))
        new = [source for source in wanted if source.id not in before]
        gone = [source.id for source in sources if source.id not in after]
        told = [f"sources.{source.id} (new)" for source in new]
        told += [f"sources.{name} (removed)" for name in gone]
        if told and not self._lineup.may_change:
            report.needs_restart += told
            return list(sources)
        everybody = [*sources, *new]
        if new:
            self._lineup.tell(everybody)
        for source in new:
            self._lineup.add(source)
        for name in gone:
            self._lineup.remove(name)
        report.applied += told
        return [source for source in everybody if source.id not in gone]

    def _begin(
        self, old: SourceSettings, new: SourceSettings, report: ReloadReport
    ) -> _Change | None:
        """Let a source go on with other settings, if it can."""
        changed = changed_settings(old, new)
        if not changed:
            return None
        is_other_kind = (old.is_finite, old.is_lossless) != (new.is_finite, new.is_lossless)
        relay = self._lineup.find(old.id)
        was_working = relay is not None and relay.record.status().state in _WORKING
        can_change = relay is not None and not (changed & _FIXED or is_other_kind)
        if relay is None or not can_change or not self._lineup.replace(new, changed):
            report.needs_restart += [f"sources.{old.id}.{key}" for key in sorted(changed)]
            return None
        return _Change(relay, old, new, was_working and self._lineup.reopens(changed))

    def _outcome(self, change: _Change, report: ReloadReport) -> SourceSettings:
        """See whether a source works; the settings that hold."""
        changed = changed_settings(change.before, change.after)
        reason = self._problem(change)
        if reason:
            self._lineup.replace(change.before, changed)
            report.reverted.append((change.after.id, reason))
            return change.before
        report.applied += [f"sources.{change.after.id}.{key}" for key in sorted(changed)]
        return change.after

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
