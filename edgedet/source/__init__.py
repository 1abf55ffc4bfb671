"""Cameras and files; importing this loads nothing of GStreamer."""

from collections.abc import Iterable
from pathlib import Path

from edgedet.clock import Clock
from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.source.base import EndOfStreamError, FrameSource
from edgedet.source.description import describe
from edgedet.source.gstreamer import GstSource
from edgedet.source.local import advice_on_device, stable_names
from edgedet.source.retry import Backoff
from edgedet.source.uri import parse_uri

__all__ = [
    "Backoff",
    "EndOfStreamError",
    "FrameSource",
    "advice_on_sources",
    "create_source",
    "problems_of_sources",
]


def create_source(settings: SourceSettings, clock: Clock) -> FrameSource:
    """The source that `settings` describe, not yet opened."""
    return GstSource(settings, clock)


def problems_of_sources(sources: Iterable[SourceSettings]) -> list[str]:
    """What can never work, however long one tries: addresses and options that make no sense."""
    problems = []
    for settings in sources:
        try:
            describe(settings)
        except SourceError as exc:  # noqa: PERF203 - all problems at once
            problems.append(f"sources: {exc}")
    return problems


def advice_on_sources(sources: Iterable[SourceSettings]) -> list[str]:
    """What works, or may work one day, and is better written otherwise: names of USB cameras."""
    names = stable_names()
    advice: list[str] = []
    for settings in sources:
        if settings.uri.startswith("v4l2://") and settings.enabled:
            words = advice_on_device(Path(parse_uri(settings.uri).location), names)
            advice.extend(f"sources: '{settings.id}': {text}" for text in words)
    return advice
