"""Sources that come, change and go while everything runs: who has to know, in which order."""

import logging
from collections.abc import Callable, Sequence

from edgedet.config.source import SourceSettings
from edgedet.feeds import Feeds, make_inlet
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.relay import Relay
from edgedet.track.analysts import Analysts

logger = logging.getLogger(__name__)

_CLOSE_S = 5.0  # a source that hangs is left behind
_ANALYSIS = frozenset(("objects", "track", "zones", "lines"))
_WITHOUT_OPENING = _ANALYSIS | {"priority", "max_fps"}

SourcesListener = Callable[[Sequence[SourceSettings]], object]
"""Told of all sources when they, or their settings, have become others."""


class Lineup:
    """The sources of a running application. Changed by one thread at a time."""

    def __init__(
        self,
        feeds: Feeds,
        pipeline: Pipeline,
        analysts: Analysts,
        listeners: Sequence[SourcesListener],
    ) -> None:
        """Change these parts; `listeners` are told of what is to come before it does."""
        self._feeds = feeds
        self._pipeline = pipeline
        self._analysts = analysts
        self._listeners = tuple(listeners)

    @property
    def may_change(self) -> bool:
        """Whether sources can come and go: not in a run that ends with its files."""
        return not (self._feeds.is_finite or self._pipeline.has_ended)

    def tell(self, sources: Sequence[SourceSettings]) -> None:
        """Have those who speak of sources know these, and no others."""
        for listener in self._listeners:
            listener(sources)

    def find(self, source_id: str) -> Relay | None:
        """What feeds a source; None if there is none of this name."""
        return self._feeds.find(source_id)

    def reopens(self, changed: set[str]) -> bool:
        """Whether a source is opened anew when these of its settings change."""
        return not changed <= _WITHOUT_OPENING

    def replace(self, source: SourceSettings, changed: set[str]) -> bool:
        """Give a source its settings, of which these are others; False if it has ended."""
        if not self._feeds.replace(source, reopens=self.reopens(changed)):
            return False
        if changed & _ANALYSIS:
            self._analysts.put(source)
        return True

    def add(self, source: SourceSettings) -> None:
        """Open one more source; `tell` of it before."""
        inlet = make_inlet(source)
        self._analysts.put(source)
        self._pipeline.add(inlet)
        self._feeds.add(source, inlet)
        logger.info("source '%s': added", source.id)

    def remove(self, source_id: str) -> None:
        """Close a source, with what is under way of it; `tell` of it after."""
        self._pipeline.remove(source_id)
        self._feeds.remove(source_id, _CLOSE_S)
        self._analysts.remove(source_id)
        logger.info("source '%s': removed", source_id)
