"""Whether something that a scenario expects is so, and what there is instead."""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgedet.sim.journal import Heard
from edgedet.sim.peer_client import matches
from edgedet.sim.play.world import World, whole_topic
from edgedet.sim.scenario.expectation import (
    Expectation,
    HttpExpectation,
    LabelsExpectation,
    MessageExpectation,
    ProcessExpectation,
)
from edgedet.sim.scenario.matcher import is_match, mismatches

_SHOWN = 3
_MAX_CHARS = 300
_HTTP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Since:
    """From where on a check looks: a number of messages, and of bytes in the log."""

    messages: int = 0
    log_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether it is so; `seen` is what was found instead."""

    holds: bool
    seen: tuple[str, ...] = ()


def look(
    expectation: Expectation, world: World, since: Since, marks: Mapping[str, Since]
) -> Finding:
    """Look once."""
    if expectation.message is not None:
        return _message(expectation.message, world, since, marks)
    if expectation.log is not None:
        return _log(expectation.log, world.runtime.said(since.log_bytes))
    if expectation.http is not None:
        return _http(expectation.http, world.http_port or 0)
    if expectation.process is not None:
        return _process(expectation.process, world)
    return _counterparts(expectation, world)


def describe(expectation: Expectation) -> str:
    """An expectation in a line."""
    value = getattr(expectation, expectation.kind)
    if isinstance(expectation.message, MessageExpectation):
        message = expectation.message
        where = " ".join(f"{key}={_short(value)}" for key, value in message.where.items())
        times = f"{message.count} x " if message.count > 1 else ""
        return f"message {times}{message.topic} {where}".strip()
    if isinstance(value, str):
        return f"{expectation.kind} /{value}/"
    given = value if isinstance(value, dict) else value.model_dump(exclude_unset=True)
    words = " ".join(f"{key}={_short(each)}" for key, each in given.items())
    return f"{expectation.kind} {words}"


def on_topic(heard: Heard, prefix: str, topic: str) -> bool:
    """Whether a message is on a topic as a scenario names it."""
    return matches(whole_topic(prefix, topic), heard.topic)


def _counterparts(expectation: Expectation, world: World) -> Finding:
    if expectation.sources is not None:
        return _sources(expectation.sources, world)
    if expectation.peer is not None and world.peer is not None:
        wrong = mismatches(world.peer.facts, expectation.peer)
        return Finding(not wrong, tuple(wrong))
    if expectation.labels is not None and world.labels is not None:
        return _labels(expectation.labels, world)
    msg = f"nobody to look at for {expectation.kind}"
    raise AssertionError(msg)


def _message(
    wanted: MessageExpectation, world: World, since: Since, marks: Mapping[str, Since]
) -> Finding:
    begin = marks[wanted.since] if wanted.since else since
    candidates = [
        heard
        for heard in world.journal.since(begin.messages)
        if on_topic(heard, world.prefix, wanted.topic)
    ]
    verdicts = [(heard, mismatches(_view(heard), wanted.where)) for heard in candidates]
    found = sum(not wrong for _, wrong in verdicts)
    if found >= wanted.count:
        return Finding(holds=True)
    if not candidates:
        return Finding(holds=False, seen=(f"no message on {wanted.topic}",))
    seen = [f"{len(candidates)} messages on {wanted.topic}, {found} of them right; the last:"]
    for heard, wrong in verdicts[-_SHOWN:]:
        seen.append(_short(heard.payload.decode("utf-8", "replace")))
        seen += [f"  {each}" for each in wrong]
    return Finding(holds=False, seen=tuple(seen))


def _view(heard: Heard) -> dict[str, Any]:
    body = heard.body
    return {
        **(body if isinstance(body, dict) else {}),
        "@topic": heard.topic,
        "@qos": heard.qos,
        "@retain": heard.retain,
        "@size": len(heard.payload),
        "@will": heard.is_will,
        "@duplicate": heard.is_duplicate,
        "@properties": {name: _plain(value) for name, value in heard.properties.items()},
    }


def _plain(value: object) -> object:
    """A property as a scenario can write it: bytes are text, or hexadecimal digits."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _sources(wanted: Mapping[str, object], world: World) -> Finding:
    """The last that was told of each source."""
    states: dict[str, object] = {}
    for heard in world.journal.since():
        for name in wanted:
            if on_topic(heard, world.prefix, f"src/{name}/status"):
                body = heard.body
                states[name] = body.get("state") if isinstance(body, dict) else None
    wrong = mismatches(states, wanted)
    return Finding(not wrong, tuple(wrong))


def _log(pattern: str, text: str) -> Finding:
    if re.search(pattern, text):
        return Finding(holds=True)
    return Finding(holds=False, seen=tuple(text.splitlines()[-_SHOWN:]) or ("nothing was logged",))


def _http(wanted: HttpExpectation, port: int) -> Finding:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_HTTP_TIMEOUT_S)
    try:
        connection.request("GET", wanted.path)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as exc:
        return Finding(holds=False, seen=(f"GET {wanted.path}: {exc}",))
    finally:
        connection.close()
    wrong = [] if is_match(status, wanted.status) else [f"status is {status}, not {wanted.status}"]
    if wanted.where:
        wrong += mismatches(_json(text), wanted.where)
    if wanted.text is not None and not re.search(wanted.text, text):
        wrong.append(f"nothing like /{wanted.text}/ in it")
    return Finding(not wrong, (*wrong, _short(text)) if wrong else ())


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _process(wanted: ProcessExpectation, world: World) -> Finding:
    runtime = world.runtime
    facts = {"alive": runtime.is_alive, "exit_code": runtime.exit_code, **runtime.figures()}
    wrong = mismatches(facts, wanted.model_dump(exclude_none=True))
    return Finding(not wrong, tuple(wrong))


def _labels(wanted: LabelsExpectation, world: World) -> Finding:
    service = world.labels
    assert service is not None  # noqa: S101 - the scenario was checked
    kinds = [kind for kind, _ in service.requests]
    images = service.images
    facts = {
        "images": len(images),
        "annotated": sum(image.annotation is not None for image in images),
        "uploads": kinds.count("upload"),
        "annotates": kinds.count("annotate"),
    }
    wrong = mismatches(facts, wanted.model_dump(exclude_none=True))
    return Finding(not wrong, tuple(wrong))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MAX_CHARS else text[:_MAX_CHARS] + "…"
