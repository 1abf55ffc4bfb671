"""The kinds of messages that are numbered, so that a loss shows."""

from enum import Enum


class Kind(str, Enum):
    """By the last part of their topic; first the kind that is given up first when room is short."""

    DETECTIONS = "detections"
    METRICS = "metrics"
    EVENTS = "events"
