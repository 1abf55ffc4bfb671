"""What is right and wrong with a message that came. Knows no network."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from edgedet.commands.sub.presence import Presence
from edgedet.commands.sub.sequence import Sequences
from edgedet.messages import MessageError, parse
from edgedet.publish import schemas
from edgedet.publish.address import Address, parse_topic
from edgedet.publish.broker import Incoming

_MOST_PROBLEMS = 3
_JPEG_START = b"\xff\xd8"
# how old a live message may be: as long as brokers with MQTT 5 keep it
_EXPIRY_S = {"detections": 10.0, "events": 3600.0}
_GRACE_S = 2.0

_SAID_TO_DEVICES = frozenset(("command", "reply", "desired_model"))  # which need not be there

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A message and what was found. `problems` make it invalid, `notes` do not."""

    topic: str
    address: Address | None
    body: Body | None
    size_bytes: int
    is_retained: bool
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What came so far."""

    messages: int = 0
    invalid: int = 0
    late: int = 0
    boots: dict[str, str] = field(default_factory=dict)


class Inspector:
    """Looks at messages in the order in which they come."""

    def __init__(self) -> None:
        """Begin without a message."""
        self.tally = Tally()
        self.sequences = Sequences()
        self.presence = Presence()

    def look(self, incoming: Incoming, now: datetime) -> Inspection:
        """What there is to say about a message."""
        address = parse_topic(incoming.topic)
        body, problems = _read(incoming.payload, address)
        notes: list[str] = []
        if address is not None and body is not None and not problems:
            problems = _misplaced(body, address)
            notes = self._follow(address, body, now)
        if address is not None and not incoming.payload and incoming.retain:
            notes.append("taken back")
        if address is not None and not incoming.payload:
            self.presence.forget(_name(address))
        self.tally.messages += 1
        self.tally.invalid += bool(problems)
        return Inspection(
            topic=incoming.topic,
            address=address,
            body=body,
            size_bytes=len(incoming.payload),
            is_retained=incoming.retain,
            problems=tuple(problems),
            notes=tuple(notes),
        )

    def _follow(self, address: Address, body: Body, now: datetime) -> list[str]:
        notes = self._follow_state(address, body, now)
        if "seq" in body:
            notes += self._follow_number(address, body)
            notes += self._age(address, body, now)
        return notes

    def _follow_state(self, address: Address, body: Body, now: datetime) -> list[str]:
        notes = []
        expires_at = _time(body["expires_at"]) if "expires_at" in body else None
        if expires_at is not None and now - expires_at > timedelta(seconds=_GRACE_S):
            age_s = (now - expires_at).total_seconds()
            notes.append(f"expired {age_s:.0f} s ago: unknown, unless the clocks differ")
        if address.kind in {"status", "source_status"}:
            self.presence.note(_name(address), str(body["state"]), expires_at)
        elif address.kind not in _SAID_TO_DEVICES and not address.is_backlog:
            self.presence.expect(address.prefix)
            if address.source:
                self.presence.expect(_name(address))
        boot, before = body.get("boot"), self.tally.boots.get(address.prefix)
        if boot and not address.is_backlog and boot != before:
            self.tally.boots[address.prefix] = boot
            notes += [f"the service was started anew (boot {boot}, was {before})"] if before else []
        return notes

    def _follow_number(self, address: Address, body: Body) -> list[str]:
        key = (address.prefix, address.source, address.kind, body["boot"])
        # to JSON Schema 7.0 is an integer too
        arrival = self.sequences.arrive(key, int(body["seq"]), int(body.get("lost_before", 0)))
        if arrival.is_repeated:
            return [f"seq {body['seq']} came before"]
        if not arrival.missing:
            return []
        told = f"{arrival.missing} missing before this one"
        if arrival.discarded:
            told += f", {arrival.discarded} of them given up by the device (lost_before)"
        return [told]

    def _age(self, address: Address, body: Body, now: datetime) -> list[str]:
        limit_s = _EXPIRY_S.get(address.kind)
        if limit_s is None or address.is_backlog or body["time"]["clock"] == "unsynced":
            return []
        age_s = (now - _time(body["time"]["published"])).total_seconds()
        if age_s <= limit_s + _GRACE_S:
            return []
        self.tally.late += 1
        return [f"late: told {age_s:.0f} s ago, unless the clocks differ"]


def _name(address: Address) -> str:
    """Whom a status is about."""
    return f"{address.prefix}/src/{address.source}" if address.source else address.prefix


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _read(payload: bytes, address: Address | None) -> tuple[Body | None, list[str]]:
    """The body and what is wrong with it."""
    if address is None or not payload:
        return None, []
    if address.kind == "snapshot":
        return None, [] if payload.startswith(_JPEG_START) else ["no JPEG"]
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as exc:
        return None, [f"no JSON: {exc}"]
    if not isinstance(body, dict):
        return None, ["no JSON object"]
    expected = f"edgedet.{address.kind}/1"
    if body.get("schema") != expected:
        return body, [f"schema is {body.get('schema')!r}, and should be '{expected}' on this topic"]
    found = _validator(address.kind).iter_errors(body)
    errors = sorted(found, key=lambda error: [str(part) for part in error.path])
    problems = [_told(error) for error in errors[:_MOST_PROBLEMS]]
    if len(errors) > _MOST_PROBLEMS:
        problems.append(f"{len(errors) - _MOST_PROBLEMS} more")
    return body, problems or _unreadable(payload)


def _unreadable(payload: bytes) -> list[str]:
    """What the schema cannot see: a time that the calendar does not have."""
    try:
        parse(payload)
    except MessageError as exc:
        return [str(exc)]
    return []


def _misplaced(body: Body, address: Address) -> list[str]:
    """Where a body disagrees with the topic on which it came."""
    problems = []
    for key, said in (("device", address.device), ("source", address.source)):
        if said and key in body and body[key] != said:
            problems.append(f"{key} is '{body[key]}', but the topic says '{said}'")
    if address.kind in _EXPIRY_S and body.get("replayed", False) is not address.is_backlog:
        where = "on the backlog without" if address.is_backlog else "live with"
        problems.append(f"{where} replayed: true")
    return problems


def _told(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path))
    text = error.message if len(error.message) <= 160 else error.message[:160] + "…"
    return f"{place}: {text}" if place else text


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(schemas.load(kind))
