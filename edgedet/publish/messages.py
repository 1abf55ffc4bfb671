"""Every message that the device publishes: topic, payload, and how long the broker keeps it."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import edgedet
from edgedet.analytics import ObjectEvent, SourceCounts
from edgedet.clock import Clock
from edgedet.detections import FrameDetections
from edgedet.event import SourceStatus
from edgedet.publish.broker import Message
from edgedet.publish.clock_sync import ClockSync
from edgedet.publish.event_payloads import COUNTS, EVENTS, EventPayloads
from edgedet.publish.identity import Origin
from edgedet.publish.kind import Kind
from edgedet.publish.outbox import Entry
from edgedet.publish.payloads import (
    DETECTIONS,
    DetectionsEncoder,
    JsonObject,
    Moment,
    encode_json,
    json_message,
)
from edgedet.publish.spool.durable import REPLAYED, Stored, finish
from edgedet.publish.state_payloads import (
    EXPIRY_HEARTBEATS,
    INFO,
    METRICS,
    SOURCE_STATUS,
    STATUS,
    Limits,
    StatePayloads,
)
from edgedet.publish.status_board import State
from edgedet.publish.topics import Topics


class Messages:
    """Makes the messages of one run of the service, and numbers those that tell a state.

    For one thread; `will` for any.
    """

    def __init__(
        self, origin: Origin, topics: Topics, limits: Limits, sources: tuple[str, ...], clock: Clock
    ) -> None:
        """Speak for `origin` of `sources`, which may be replaced later, within `limits`."""
        self.topics = topics
        self.limits = limits
        self.clock_sync = ClockSync(clock)
        self.sources = sources
        self._clock = clock
        self._states = StatePayloads(origin, limits)
        self._detections_encoder = DetectionsEncoder(origin, limits.max_payload_bytes)
        self._event_payloads = EventPayloads(origin)
        self._state_expiry_s = math.ceil(EXPIRY_HEARTBEATS * limits.heartbeat_s)
        self._beat = self._infos = 0

    def will(self, session: int) -> Message:
        """What the broker publishes when connection number `session` is lost."""
        return json_message(self.topics.status, STATUS, self._states.offline(session))

    def online(self, since: datetime, session: int) -> Message:
        """Birth and heartbeat."""
        body = self._states.online(self._clock.utc_now(), since, session, self._next_beat())
        return json_message(self.topics.status, STATUS, body, expiry_s=self._state_expiry_s)

    def stopped(self, session: int) -> Message:
        """The good-bye."""
        body = self._states.stopped(self._clock.utc_now(), session, self._next_beat())
        return json_message(self.topics.status, STATUS, body)

    def info(self, facts: JsonObject) -> Message:
        """What the device runs and publishes; `facts` are those of optional parts."""
        self._infos += 1  # not the session: what it says may change within one
        now, prefix, number = self._clock.utc_now(), self.topics.prefix, self._infos
        body = self._states.info(now, edgedet.__version__, prefix, self.sources, number)
        return json_message(self.topics.info, INFO, body | facts)

    def metrics(self, figures: JsonObject) -> Message:
        """How the device is doing."""
        body = self._states.metrics(self._clock.utc_now(), self._next_beat(), figures)
        expiry_s = self._state_expiry_s
        return json_message(
            self.topics.metrics, METRICS, body, qos=0, retain=False, expiry_s=expiry_s
        )

    def state(self, state: State) -> Message:
        """How a source is doing, or what it sees."""
        now, beat = self._clock.utc_now(), self._next_beat()
        if isinstance(state, SourceStatus):
            topic, schema = self.topics.source_status(state.source_id), SOURCE_STATUS
            body = self._states.source_status(state, now, beat)
        else:
            return self._counts(state, now, beat)
        return json_message(topic, schema, body, expiry_s=self._state_expiry_s)

    def is_stale(self, state: State) -> bool:
        """Whether nobody knows any more what a source sees: it had no pictures for too long."""
        return isinstance(state, SourceCounts) and self._counts_rest_s(state) <= 0.0

    def entry(self, entry: Entry, max_payload_bytes: int) -> Message:
        """A result or an event; `entry` is told how many objects did not fit.

        What is late leaves with the backlog, as a durable message does.
        """
        is_late = entry.is_late(self._clock.monotonic())
        room = max_payload_bytes - (len(REPLAYED) if is_late else 0)
        if isinstance(entry.item, ObjectEvent):
            message = self._event(entry, entry.item)
        else:
            message = self._detections(entry, entry.item, room)
        if not is_late:
            return message
        kind, source_id = entry.topic
        topic = self.topics.backlog(source_id, kind.value)
        payload = message.payload[:-1] + REPLAYED + b"}"
        return replace(message, topic=topic, payload=payload, qos=1, expiry_s=None)

    def stored(self, stored: Stored, max_payload_bytes: int) -> Message:
        """A durable message: on its live topic while it is new, else with the backlog."""
        kind, source_id = stored.topic
        topic, expiry_s = self.topics.backlog(source_id, kind.value), None
        if not stored.is_replayed:
            topic, whole_s = {
                Kind.EVENTS: (self.topics.events(source_id), self.limits.events_expiry_s),
                Kind.METRICS: (self.topics.metrics, self._state_expiry_s),
                Kind.DETECTIONS: (
                    self.topics.detections(source_id),
                    self.limits.detections_expiry_s,
                ),
            }[kind]
            expiry_s = self._rest_s(stored, whole_s)
        payload = finish(stored, max_payload_bytes)
        return Message(topic, payload, stored.schema, stored.message_id, 1, expiry_s=expiry_s)

    def _counts(self, counts: SourceCounts, now: datetime, beat: int) -> Message:
        """Counts hold from the frame that was counted on, however often they are told."""
        rest_s = self._counts_rest_s(counts)
        body = self._event_payloads.counts(
            counts, beat=beat, published=now, expires_at=now + timedelta(seconds=rest_s)
        )
        topic = self.topics.counts(counts.source_id)
        return json_message(topic, COUNTS, body, expiry_s=max(1, math.ceil(rest_s)))

    def _counts_rest_s(self, counts: SourceCounts) -> float:
        return self._state_expiry_s - (self._clock.monotonic() - counts.observed_s)

    def _detections(self, entry: Entry, result: FrameDetections, max_payload_bytes: int) -> Message:
        encoded = self._detections_encoder.encode(
            result,
            seq=entry.seq,
            moment=Moment(
                utc=self._clock.utc_now(),
                latency_ms=(self._clock.monotonic() - result.frame.arrival_s) * 1000,
                clock=self.clock_sync.state(),
            ),
            skipped=entry.skipped,
            lost_before=entry.lost_before,
            max_payload_bytes=max_payload_bytes,
        )
        entry.truncated = encoded.truncated
        return Message(
            topic=self.topics.detections(entry.source_id),
            payload=encoded.payload,
            schema=DETECTIONS,
            id=encoded.id,
            qos=self.limits.detections_qos,
            expiry_s=self._rest_s(entry, self.limits.detections_expiry_s),
        )

    def _event(self, entry: Entry, event: ObjectEvent) -> Message:
        body = self._event_payloads.event(
            event,
            seq=entry.seq,
            published=self._clock.utc_now(),
            clock=self.clock_sync.state(),
            lost_before=entry.lost_before,
        )
        return Message(
            topic=self.topics.events(entry.source_id),
            payload=encode_json(body),
            schema=EVENTS,
            id=str(body["id"]),
            qos=1,
            expiry_s=self._rest_s(entry, self.limits.events_expiry_s),
        )

    def _rest_s(self, entry: Entry | Stored, expiry_s: float) -> int:
        waited_s = self._clock.monotonic() - entry.queued_s
        return max(1, math.ceil(expiry_s - waited_s))

    def _next_beat(self) -> int:
        self._beat += 1
        return self._beat
