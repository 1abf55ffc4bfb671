"""Cameras and files; importing this loads nothing of GStreamer."""

from edgedet.clock import Clock
from edgedet.config.source import SourceSettings
from edgedet.source.base import EndOfStreamError, FrameSource
from edgedet.source.gstreamer import GstSource
from edgedet.source.retry import Backoff

__all__ = ["Backoff", "EndOfStreamError", "FrameSource", "create_source"]


def create_source(settings: SourceSettings, clock: Clock) -> FrameSource:
    """The source that `settings` describe, not yet opened."""
    return GstSource(settings, clock)
