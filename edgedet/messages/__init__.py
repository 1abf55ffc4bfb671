"""What edgedet publishes, for programs that read it: payloads as typed, frozen values.

    from edgedet.messages import Detections, parse

    message = parse(payload)
    if isinstance(message, Detections):
        print(message.source, [each.label for each in message.objects])

Fields that are newer than this module are left aside. Words (`state`, `kind`, `reason`) are plain
text, for newer devices may know more of them. Needs pydantic and nothing else of edgedet.
"""

from edgedet.messages.base import Message, MessageError
from edgedet.messages.commands import Command, DesiredModel, Reply
from edgedet.messages.detections import Detections
from edgedet.messages.events import Counts, Event
from edgedet.messages.parse import TYPES, AnyMessage, parse
from edgedet.messages.states import Info, Metrics, SourceStatus, Status

__all__ = [
    "TYPES",
    "AnyMessage",
    "Command",
    "Counts",
    "DesiredModel",
    "Detections",
    "Event",
    "Info",
    "Message",
    "MessageError",
    "Metrics",
    "Reply",
    "SourceStatus",
    "Status",
    "parse",
]
