"""Messages that outlive an outage: how they are kept, and how they are told later. Pure.

A message is encoded once, when it is made, and kept as it is. What is known only when it leaves is
added then: how many were lost before it, and whether it is late.
"""

import json
from dataclasses import dataclass

from edgedet.analytics import ObjectEvent
from edgedet.clock import Clock
from edgedet.detections import FrameDetections
from edgedet.publish.clock_sync import ClockSync
from edgedet.publish.event_payloads import EVENTS, EventPayloads
from edgedet.publish.identity import Origin
from edgedet.publish.kind import Kind
from edgedet.publish.payloads import DETECTIONS, DetectionsEncoder, JsonObject, Moment, encode_json
from edgedet.publish.state_payloads import METRICS, Limits, StatePayloads

REPLAYED = b',"replayed":true'
"""What is added in front of the last brace of a late message."""

_EXTRAS_BYTES = 64  # room for what `finish` adds

Item = FrameDetections | ObjectEvent | JsonObject
"""What can be durable; an object of figures are metrics, of no source."""


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What is to be told, numbered and not encoded yet. `queued_s` is monotonic."""

    kind: Kind
    source_id: str
    item: Item
    seq: int
    skipped: int
    queued_s: float
    is_lossless: bool = False

    @property
    def topic(self) -> tuple[Kind, str]:
        """What it is numbered with."""
        return self.kind, self.source_id


@dataclass(slots=True, eq=False)
class Stored:
    """A message as it is kept. `id` is its place in the spool; `lost_before` may still grow.

    `utc_ms` says when it was made, for other boots than its own; within it `queued_s` does.
    """

    id: int
    kind: Kind
    source_id: str
    boot: str
    seq: int
    schema: str
    message_id: str
    utc_ms: int
    payload: bytes
    lost_before: int = 0
    queued_s: float = 0.0
    truncated: int = 0
    is_replayed: bool = False

    @property
    def topic(self) -> tuple[Kind, str]:
        """What it is numbered with, within its boot."""
        return self.kind, self.source_id


class DurableEncoder:
    """Turns drafts into what is kept. For one thread."""

    def __init__(self, origin: Origin, limits: Limits, clock: Clock) -> None:
        """Speak for `origin`, within `limits`."""
        self._boot = origin.boot
        self._clock = clock
        self._clock_sync = ClockSync(clock)
        self._detections = DetectionsEncoder(origin, limits.max_payload_bytes - _EXTRAS_BYTES)
        self._events = EventPayloads(origin)
        self._states = StatePayloads(origin, limits)

    def encode(self, draft: Draft, row_id: int) -> Stored:
        """`draft` as it is kept at `row_id`."""
        now = self._clock.utc_now()
        truncated = 0
        item = draft.item
        if isinstance(item, ObjectEvent):
            schema = EVENTS
            body = self._events.event(
                item, seq=draft.seq, published=now, clock=self._clock_sync.state()
            )
            message_id, payload = str(body["id"]), encode_json(body)
        elif isinstance(item, dict):
            schema = METRICS
            body = self._states.metrics(now, draft.seq, item) | {"seq": draft.seq}
            message_id, payload = str(body["id"]), encode_json(body)
        else:
            schema = DETECTIONS
            latency_ms = (self._clock.monotonic() - item.frame.arrival_s) * 1000
            encoded = self._detections.encode(
                item,
                seq=draft.seq,
                moment=Moment(now, latency_ms, self._clock_sync.state()),
                skipped=draft.skipped,
            )
            message_id, payload, truncated = encoded.id, encoded.payload, encoded.truncated
        return Stored(
            id=row_id,
            kind=draft.kind,
            source_id=draft.source_id,
            boot=self._boot,
            seq=draft.seq,
            schema=schema,
            message_id=message_id,
            utc_ms=int(now.timestamp() * 1000),
            payload=payload,
            queued_s=draft.queued_s,
            truncated=truncated,
        )


def finish(stored: Stored, limit_bytes: int) -> bytes:
    """The payload to send. Above `limit_bytes` it loses its weakest objects, if it has any."""
    extras = b""
    if stored.lost_before:
        extras += b',"lost_before":%d' % stored.lost_before
    if stored.is_replayed:
        extras += REPLAYED
    if len(stored.payload) + len(extras) <= limit_bytes:
        return stored.payload[:-1] + extras + b"}"
    return _shrunk(stored.payload, extras, limit_bytes)[:-1] + extras + b"}"


def _shrunk(payload: bytes, extras: bytes, limit_bytes: int) -> bytes:
    message: JsonObject = json.loads(payload)
    objects = message.get("objects")
    if not isinstance(objects, list):
        return payload
    before = message.get("truncated", 0)
    found = len(objects) + (before if isinstance(before, int) else 0)
    while objects and len(payload) + len(extras) > limit_bytes:
        kept = limit_bytes * len(objects) // (len(payload) + len(extras))
        del objects[min(kept, len(objects) - 1) :]
        message["truncated"] = found - len(objects)
        payload = encode_json(message)
    return payload
