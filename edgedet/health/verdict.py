"""What the figures mean: is a restart needed, is the job done, how does it go. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgedet.event import SourceState
from edgedet.health.base import BrokerVitals, Sign, SourceVitals, Vitals

_DELIVERING = (SourceState.LIVE, SourceState.DEGRADED, SourceState.ENDED)
_SETTLED_S = 30.0  # a camera that hangs in its driver is not waited for any longer
_MAX_TROUBLED = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to hold; `reason` says why it does not."""

    name: str
    is_ok: bool
    reason: str = ""


def liveness(vitals: Vitals) -> list[Check]:
    """What only a restart would mend: stages that should get on and do not.

    A camera in trouble is none of them, however long it lasts.
    """
    checks = [
        Check(f"stage {sign.stage}", not sign.is_stuck, _silence(sign) if sign.is_stuck else "")
        for sign in vitals.signs
        if sign.is_vital
    ]
    sources = [sign for sign in vitals.signs if not sign.is_vital]
    if sources:
        is_stuck = all(sign.is_stuck for sign in sources)
        reason = f"every one is stuck: {_silence(sources[0])}" if is_stuck else ""
        checks.append(Check("source threads", not is_stuck, reason))
    return checks


def readiness(vitals: Vitals) -> list[Check]:
    """What has to hold for somebody out there to learn what the cameras see."""
    has_model = bool(vitals.model.backend)
    checks = [
        Check("model", has_model, "" if has_model else "it is being loaded"),
        _sources(vitals.sources),
    ]
    if vitals.broker is not None:
        checks.append(_broker(vitals.broker))
    return checks + liveness(vitals)


def has_started(vitals: Vitals, loaded_for_s: float) -> bool:
    """Whether the start is over: a result went out, or no source delivers any pictures.

    It is not the service's fault when no camera is there, and it does not wait for a broker.
    """
    if not vitals.model.backend or failures(liveness(vitals)):
        return False
    if any(source.detected for source in vitals.sources):
        return True
    if any(source.decoded for source in vitals.sources):
        return False
    has_tried = all(
        source.status.reconnects or source.status.state is not SourceState.RECONNECTING
        for source in vitals.sources
    )
    return has_tried or loaded_for_s > _SETTLED_S


def failures(checks: Iterable[Check]) -> list[Check]:
    """Those that do not hold."""
    return [check for check in checks if not check.is_ok]


def status_line(vitals: Vitals) -> str:
    """How it goes, for `systemctl status`.

    For example `3 of 4 sources live, 57.1 frames/s, p99 42 ms, MQTT connected; dock: stalled`.
    """
    failed = failures(liveness(vitals))
    if failed:
        return f"stuck: {failed[0].name}: {failed[0].reason}"
    if not vitals.model.backend:
        return "loading the model"
    live = sum(source.status.state in _DELIVERING for source in vitals.sources)
    parts = [
        f"{live} of {len(vitals.sources)} sources live",
        f"{sum(source.fps for source in vitals.sources):.1f} frames/s",
        f"p99 {vitals.stages['total'].p99_ms:.0f} ms",
    ]
    if vitals.broker is not None:
        parts.append(f"MQTT {vitals.broker.state}")
    troubled = _troubled(vitals.sources)
    return ", ".join(parts) + ("; " + ", ".join(troubled) if troubled else "")


def _broker(broker: BrokerVitals) -> Check:
    reason = ""
    if not broker.is_connected:
        reason = broker.reason or f"the connection is {broker.state}"
    elif broker.is_refusing:
        reason = (
            f"it refuses what is published ({broker.refused} so far); let this client write to its"
            " topics, `edgedet doctor` tries each"
        )
    return Check("broker", not reason, reason)


def _silence(sign: Sign) -> str:
    return f"no sign of progress for {sign.idle_s:.0f} s (limit {sign.limit_s:g} s)"


def _sources(sources: Iterable[SourceVitals]) -> Check:
    found = tuple(sources)
    if any(source.status.state in _DELIVERING for source in found):
        return Check("sources", is_ok=True)
    return Check("sources", is_ok=False, reason="none delivers: " + ", ".join(_troubled(found)))


def _troubled(sources: Iterable[SourceVitals]) -> list[str]:
    texts = [
        f"{source.status.source_id}: {source.status.state.value}"
        for source in sources
        if source.status.state not in _DELIVERING
    ]
    more = len(texts) - _MAX_TROUBLED
    return [*texts[:_MAX_TROUBLED], *([f"{more} more"] if more > 0 else [])]
