"""The payloads that say how the device and its sources are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgedet.clock import utc_text
from edgedet.config.mqtt import MqttSettings
from edgedet.event import LastRun, SourceLimit, SourceStatus
from edgedet.model_identity import ModelIdentity
from edgedet.publish.commands.replies import REPLY
from edgedet.publish.event_payloads import COUNTS, EVENTS
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import DETECTIONS, MAX_OBJECTS, JsonObject

STATUS = "edgedet.status/1"
SOURCE_STATUS = "edgedet.source_status/1"
INFO = "edgedet.info/1"
METRICS = "edgedet.metrics/1"
EMITTED = (COUNTS, DETECTIONS, EVENTS, INFO, METRICS, SOURCE_STATUS, STATUS)
"""The schemas of the messages that this version publishes."""

DETECTIONS_EXPIRY_S = 10.0
EVENTS_EXPIRY_S = 3600.0
EXPIRY_HEARTBEATS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What subscribers may count on; `commands` are those that are taken."""

    max_payload_bytes: int
    detections_qos: int
    detections_expiry_s: float
    detections_max_per_s: float | None
    heartbeat_s: float
    events_expiry_s: float
    latency_budget_ms: float | None = None
    commands: tuple[str, ...] = ()

    @classmethod
    def of_settings(
        cls, settings: MqttSettings, latency_budget_ms: float | None = None
    ) -> "Limits":
        """What `settings` promise, with results no older than the budget when they are handed over.

        None: however old.
        """
        return cls(
            max_payload_bytes=settings.max_payload_bytes,
            detections_qos=1 if "detections" in settings.spool.kinds else settings.detections_qos,
            detections_expiry_s=DETECTIONS_EXPIRY_S,
            detections_max_per_s=settings.detections_max_per_s,
            heartbeat_s=settings.heartbeat_s,
            events_expiry_s=EVENTS_EXPIRY_S,
            latency_budget_ms=latency_budget_ms,
            commands=tuple(settings.commands.allow) if settings.commands.enabled else (),
        )


class StatePayloads:
    """Makes the state messages of one device. Holds no state."""

    def __init__(self, origin: Origin, limits: Limits) -> None:
        """Speak for `origin`; state expires after three heartbeats."""
        self._origin = origin
        self._limits = limits

    def _head(self, schema: str, message_id: str, published: datetime | None) -> JsonObject:
        head: JsonObject = {
            "schema": schema,
            "id": f"{self._origin.device}/{self._origin.boot}/{message_id}",
            "device": self._origin.device,
            "boot": self._origin.boot,
        }
        if published is not None:
            head["published"] = utc_text(published)
        return head

    def _expires_at(self, now: datetime) -> str:
        return utc_text(now + timedelta(seconds=EXPIRY_HEARTBEATS * self._limits.heartbeat_s))

    def online(self, now: datetime, since: datetime, session: int, beat: int) -> JsonObject:
        """Birth and heartbeat. `session` counts connections, `beat` the messages of this boot."""
        return self._head(STATUS, f"status/{beat}", now) | {
            "state": "online",
            "session": session,
            "since": utc_text(since),
            "heartbeat_s": self._limits.heartbeat_s,
            "expires_at": self._expires_at(now),
        }

    def offline(self, session: int) -> JsonObject:
        """The will, published by the broker; it cannot know the time."""
        return self._head(STATUS, f"status/will-{session}", None) | {
            "state": "offline",
            "reason": "connection_lost",
            "session": session,
        }

    def stopped(self, now: datetime, session: int, beat: int) -> JsonObject:
        """The last message of a service that was stopped on purpose."""
        return self._head(STATUS, f"status/{beat}", now) | {"state": "stopped", "session": session}

    def source_status(self, status: SourceStatus, now: datetime, beat: int) -> JsonObject:
        """How a source is doing."""
        return self._head(SOURCE_STATUS, f"{status.source_id}/status/{beat}", now) | {
            "source": status.source_id,
            "state": status.state.value,
            "since": utc_text(status.since),
            "last_frame": utc_text(status.last_frame) if status.last_frame else None,
            "fps_in": round(status.fps_in, 2),
            "fps_inferred": round(status.fps_inferred, 2),
            "dropped": status.dropped,
            "reconnects": status.reconnects,
            "reason": status.reason,
            "clock_offset_ms": status.clock_offset_ms,
            "decoder": status.decoder,
            "quarantined": status.quarantined,
            "limits": _limits(status.limit),
            "expires_at": self._expires_at(now),
        }

    def info(
        self, now: datetime, version: str, prefix: str, sources: Sequence[str], number: int
    ) -> JsonObject:
        """What the device runs, what it publishes, and within which limits."""
        limits = self._limits
        last = self._origin.last_run
        return self._head(INFO, f"info/{number}", now) | {
            "site": self._origin.site,
            "version": version,
            "topic_prefix": prefix,
            "schemas": sorted((*EMITTED, REPLY) if limits.commands else EMITTED),
            "sources": list(sources),
            "model": model_document(self._origin.model),
            "limits": {
                "max_objects": MAX_OBJECTS,
                "max_payload_bytes": limits.max_payload_bytes,
                "detections_qos": limits.detections_qos,
                "detections_expiry_s": limits.detections_expiry_s,
                "events_expiry_s": limits.events_expiry_s,
                "detections_max_per_s": limits.detections_max_per_s,
                "heartbeat_s": limits.heartbeat_s,
                "latency_budget_ms": limits.latency_budget_ms,
            },
            **({"commands": list(limits.commands)} if limits.commands else {}),
            **({} if last is None else {"last_run": _last_run(last)}),
        }

    def metrics(self, now: datetime, beat: int, figures: JsonObject) -> JsonObject:
        """Counters since the service started, of the outlet and of each source."""
        return self._head(METRICS, f"metrics/{beat}", now) | figures


def model_document(model: ModelIdentity) -> JsonObject:
    """The model in use, as `info` has it."""
    return {
        "name": model.name,
        "version": model.version,
        "sha256": model.sha256,
        "precision": model.precision,
        "class_names": list(model.class_names),
    }


def _last_run(last: LastRun) -> JsonObject:
    return {
        "end": last.end.value,
        "detail": last.detail,
        "boot": last.boot,
        "ended": utc_text(last.ended) if last.ended else None,
    }


def _limits(limit: SourceLimit | None) -> JsonObject | None:
    return None if limit is None else {"fps": round(limit.fps, 2), "reason": limit.reason}
