"""The analysts of all sources behind one."""

import itertools
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from edgedet.analytics import EndReason
from edgedet.config.source import SourceSettings
from edgedet.detections import FrameDetections
from edgedet.track.base import Needs, Picture, Report
from edgedet.track.source_analyst import SourceAnalyst

_BOOT_DIGITS = 4
_MAX_NAMES = 12


class Analysts:
    """Names objects `<first digits of the boot>-<number>`, no name twice in a run of the service.

    A restart begins anew, and its names say so: nobody can know whether an object that was there
    before is the one that is there now.
    """

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        class_names: tuple[str, ...],
        boot: str,
    ) -> None:
        """One analyst for each source; `class_names` are those of the model in the beginning."""
        numbers = itertools.count(1)

        def next_id() -> str:
            return f"{boot[:_BOOT_DIGITS]}-{next(numbers)}"

        def make(source: SourceSettings) -> SourceAnalyst:
            return SourceAnalyst(source, self._class_names, next_id)

        self._make = make
        self._class_names = class_names  # of the model that answered last
        self._lock = threading.Lock()  # guards changes of both; the first is replaced, not changed
        self._analysts = {source.id: make(source) for source in sources}
        self._pending: dict[str, SourceSettings | None] = {}

    def put(self, source: SourceSettings) -> None:
        """Analyse a source, new or not, by these settings from its next frame on; any thread."""
        with self._lock:
            if source.id in self._analysts:
                self._pending[source.id] = source
            else:
                self._analysts = {**self._analysts, source.id: self._make(source)}

    def remove(self, source_id: str) -> None:
        """Expect no frame of a source any more: its objects end soon; from any thread."""
        with self._lock:
            self._pending[source_id] = None

    def needs(self, source_id: str, score_threshold: float) -> Needs:
        """What this source's analyst wants to be given; nothing of one that is gone."""
        analyst = self._analysts.get(source_id)
        if analyst is None:
            return Needs(score_threshold, picture=False)
        return analyst.needs(score_threshold)

    def observe(
        self, result: FrameDetections, picture: Picture | None, score_threshold: float
    ) -> tuple[FrameDetections, Report]:
        """What its source's analyst makes of `result`.

        Another model may have more classes behind the same ones. With others, all begins anew.
        """
        source_id = result.frame.source_id
        if result.model is not None:
            self._know(source_id, result.model.class_names)
        # zones that are gone have no one in them, and the objects are seen anew
        ended = self._change(source_id) if self._pending.get(source_id) else Report()
        analyst = self._analysts[source_id]
        result, begun = analyst.observe(result, picture, score_threshold)
        return result, _joined((ended, _named(begun, analyst)))

    def idle(self, now_s: float, ended: Collection[str]) -> Report:
        """End the objects of sources that are gone, or have been silent for too long."""
        gone = [source_id for source_id, new in tuple(self._pending.items()) if new is None]
        reports = [self._change(source_id) for source_id in gone]
        reports += [
            _named(analyst.idle(now_s, has_ended=source_id in ended), analyst)
            for source_id, analyst in self._analysts.items()
        ]
        return _joined(reports)

    def finish(self, ended: Collection[str]) -> Report:
        """End all objects: a source has ended by itself, or was stopped."""
        return _joined(
            _named(analyst.finish(_reason(source_id in ended)), analyst)
            for source_id, analyst in self._analysts.items()
        )

    def _change(self, source_id: str) -> Report:
        """Do what is pending for a source; what ends with it."""
        with self._lock:
            source = self._pending.pop(source_id, None)
            others = dict(self._analysts)
            before = others.pop(source_id, None)
            new = {} if source is None else {source_id: self._make(source)}
            self._analysts = others | new
        return Report() if before is None else _named(before.finish(EndReason.STOPPED), before)

    def _know(self, source_id: str, class_names: tuple[str, ...]) -> None:
        """Follow the model that answers this source."""
        self._class_names = class_names
        analyst = self._analysts[source_id]
        if not analyst.know(class_names):
            with self._lock:
                self._pending.setdefault(source_id, analyst.settings)


def problems_of_classes(
    sources: Sequence[SourceSettings], class_names: Collection[str]
) -> list[str]:
    """The classes that the settings name and the model does not know, where, and what it knows."""
    problems = []
    for source in sources:
        named = [
            ("objects.classes", source.objects.classes),
            ("objects.class_score_thresholds", tuple(source.objects.class_score_thresholds)),
            *((f"zones: '{zone.name}': classes", zone.classes) for zone in source.zones),
            *((f"lines: '{line.name}': classes", line.classes) for line in source.lines),
        ]
        for where, names in named:
            problems += [
                f"source '{source.id}': {where}: the model knows no class '{name}';"
                f" expected one of {_listed(class_names)}"
                for name in names or ()
                if name not in class_names
            ]
    return problems


def _listed(names: Collection[str]) -> str:
    """The names, but not hundreds of them."""
    shown = ", ".join(itertools.islice(names, _MAX_NAMES))
    more = len(names) - _MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _reason(has_ended: bool) -> EndReason:
    return EndReason.SOURCE_ENDED if has_ended else EndReason.STOPPED


def _named(report: Report, analyst: SourceAnalyst) -> Report:
    """`report`, with the names of its classes."""
    if not report.events and not report.counts:
        return report
    names = analyst.class_names
    return Report(
        tuple(replace(event, class_names=names) for event in report.events),
        tuple(replace(counts, class_names=names) for counts in report.counts),
    )


def _joined(reports: Iterable[Report]) -> Report:
    told = list(reports)
    return Report(
        tuple(event for report in told for event in report.events),
        tuple(counts for report in told for counts in report.counts),
    )
