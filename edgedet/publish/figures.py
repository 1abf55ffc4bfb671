"""What the outlet has done, for whoever asks and for the topic of metrics."""

from dataclasses import dataclass

from edgedet.publish.delivery import Delivery
from edgedet.publish.kind import Kind
from edgedet.publish.link import LinkState, LinkStatus
from edgedet.publish.payloads import JsonObject
from edgedet.publish.refusals import Refusals
from edgedet.publish.spool.spool import SpoolFigures


@dataclass(frozen=True, slots=True)
class MqttStats:
    """What the sink has done. `reason` says why it is not connected; it has no credentials.

    `pending` messages are neither delivered nor lost; `spooled` of them are safe on disk. `spool`
    is None where nothing is durable. Of all that was sent, states included, the broker answered
    `refused` with a refusal; `is_refusing`: within the last minute, too.
    """

    state: LinkState
    reason: str
    protocol: str
    reconnects: int
    pending: int
    published: int
    dropped: int
    truncated: int
    refused: int = 0
    is_refusing: bool = False
    certificate_ends_s: float | None = None
    spooled: int = 0
    spool: SpoolFigures | None = None


def stats_of(link: LinkStatus, delivery: Delivery, refusals: Refusals) -> MqttStats:
    """What was done so far."""
    figures = [f for kind in Kind for f in delivery.figures(kind).values()]
    return MqttStats(
        state=link.state,
        reason=link.reason,
        protocol=str(link.protocol),
        reconnects=link.reconnects,
        pending=delivery.pending,
        published=sum(f.published for f in figures),
        dropped=sum(f.dropped for f in figures),
        truncated=sum(f.truncated for f in figures),
        refused=refusals.count,
        is_refusing=refusals.is_recent,
        certificate_ends_s=link.certificate_ends_s,
        spooled=delivery.spooled,
        spool=delivery.spool_figures(),
    )


def metrics_figures(
    stats: MqttStats, delivery: Delivery, posts_dropped: int, uptime_s: float, clock: str
) -> JsonObject:
    """The same as part of a message."""
    figures: JsonObject = {
        "uptime_s": round(uptime_s, 1),
        "clock": clock,
        "mqtt": {
            "protocol": stats.protocol,
            "reconnects": stats.reconnects,
            "pending": stats.pending,
            "posts_dropped": posts_dropped,
        },
        "sources": [
            {
                "source": name,
                "published": f.published,
                "dropped": f.dropped,
                "truncated": f.truncated,
            }
            for name, f in delivery.figures(Kind.DETECTIONS).items()
        ],
    }
    if stats.spool is not None:
        figures["spool"] = _spool(stats.spool)
    return figures


def _spool(spool: SpoolFigures) -> JsonObject:
    dropped = {kind.value: 0 for kind in Kind if kind in spool.kept}
    for (kind, _), count in spool.dropped.items():
        dropped[kind.value] = dropped.get(kind.value, 0) + count
    return {
        "durable": spool.state.is_durable,
        "reason": spool.state.reason,
        "kept": sum(spool.kept.values()),
        "used_bytes": spool.used_bytes,
        "replayed": spool.replayed,
        "dropped": dropped,
    }
