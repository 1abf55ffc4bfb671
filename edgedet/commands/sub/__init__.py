"""`edgedet sub`: show what devices publish, and say what is wrong with it."""

import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from edgedet.clock import SystemClock
from edgedet.commands.sub.inspector import Inspector
from edgedet.commands.sub.show import figures_of, json_line, json_of, line_of, lost_line, summary_of
from edgedet.config.addresses import has_control_characters
from edgedet.config.load import load_settings
from edgedet.config.mqtt import MqttSettings
from edgedet.config.problems import path_text, problems_of
from edgedet.config.section import brief
from edgedet.errors import PublishError, UsageError
from edgedet.publish.broker import Endpoint, LostError, endpoint_of
from edgedet.publish.connection import Connection
from edgedet.publish.link import Link
from edgedet.publish.topics import Topics

_TICK_S = 0.2
_MAX_FILTER_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class SubRequest:
    """What to listen to, and for how long. Options that are None are taken from `config`."""

    config: Path | None = None
    url: str | None = None
    topic: str | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    validates: bool = False
    as_json: bool = False
    count: int | None = None
    seconds: float | None = None


class _Ear:
    """Shows messages until there were enough, or the time is over."""

    def __init__(self, request: SubRequest, console: Console) -> None:
        self.inspector = Inspector()
        self._request = request
        self._console = console
        self._end_s = time.monotonic() + (
            float("inf") if request.seconds is None else request.seconds
        )

    def has_enough(self) -> bool:
        """Whether the work is done."""
        return self.has_all() or time.monotonic() >= self._end_s

    def has_all(self) -> bool:
        """Whether as many messages came as were asked for."""
        count = self._request.count
        return count is not None and self.inspector.tally.messages >= count

    def listen(self, connection: Connection) -> None:
        """Show what comes, and who falls silent.

        Raises:
            LostError: the connection has ended.
        """
        while not self.has_enough():
            connection.poll(_TICK_S)
            while connection.incoming and not self.has_enough():
                inspection = self.inspector.look(connection.incoming.popleft(), _now())
                if self._request.as_json:
                    self._out(json_of(inspection))
                else:
                    self._console.print(line_of(inspection, _now()))
            for name in self.inspector.presence.newly_unknown(_now()):
                self._tell(name, "unknown: its status expired")

    def tell_lost(self, reason: str) -> None:
        """Tell that messages may be missing now."""
        self._tell("connection", reason)

    def sum_up(self) -> dict[str, Any]:
        """Show the figures of all."""
        figures = figures_of(self.inspector, _now())
        if self._request.as_json:
            self._out(json_line(summary=figures))
        else:
            self._console.print(summary_of(figures))
        return figures

    def _tell(self, name: str, what: str) -> None:
        if self._request.as_json:
            self._out(json_line(notice={"about": name, "text": what}))
        else:
            self._console.print(lost_line(name, what))

    def _out(self, line: str) -> None:
        self._console.out(line, highlight=False)


def sub(request: SubRequest) -> int:
    """Listen; the exit code: 1 for too few messages, or with `validates` for an invalid one.

    Raises:
        UsageError: an option makes no sense.
        ConfigError: the configuration, a password or certificate cannot be read.
        PublishError: there is no broker, or it does not want us.
    """
    settings, topic = _where(request)
    endpoint = _endpoint(settings)
    ear = _Ear(request, Console(highlight=False, soft_wrap=True))
    with contextlib.suppress(KeyboardInterrupt):  # how a person ends it
        _listen(endpoint, topic, ear)
    figures = ear.sum_up()
    if request.count is not None and not ear.has_all():
        Console(stderr=True).print(
            f"edgedet: {figures['messages']} of {request.count} messages came", highlight=False
        )
        return 1
    return 1 if request.validates and figures["invalid"] else 0


def _listen(endpoint: Endpoint, topic: str, ear: _Ear) -> None:
    link = Link(endpoint, None, SystemClock(), lambda _token, _is_accepted: None)
    while not ear.has_enough():
        connection = link.connect(ear.has_enough)
        if not isinstance(connection, Connection):
            wait_s = connection
            if link.status.connections == 0 and wait_s > 0.0:
                raise PublishError(link.status.reason)
            _pause(wait_s, ear.has_enough)
            continue
        try:
            connection.subscribe([topic])
            ear.listen(connection)
        except LostError as exc:
            ear.tell_lost(f"{exc}; trying again, messages may be missing")
            _pause(link.lost(exc), ear.has_enough)
        finally:
            connection.close()


def _pause(seconds: float, gives_up: Callable[[], bool]) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s and not gives_up():
        time.sleep(min(_TICK_S, max(0.0, end_s - time.monotonic())))


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _where(request: SubRequest) -> tuple[MqttSettings, str]:
    """The broker and the topic: what the options say, else the configuration."""
    base, topic = MqttSettings(), f"{MqttSettings().topic_root}/#"
    if request.config is not None:
        settings = load_settings(request.config).settings
        base, device = settings.mqtt, settings.device
        topic = f"{Topics(base.topic_root, device.site, device.name).prefix}/#"
    given: dict[str, object] = {
        "url": request.url,
        "username": request.username,
        "password_file": request.password_file,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if request.ca_file is not None:
        changes["tls"] = {**base.tls.model_dump(), "ca_file": request.ca_file}
    try:
        chosen = MqttSettings.model_validate({**base.model_dump(), **changes})
    except ValidationError as exc:
        first = problems_of(exc, MqttSettings)[0]
        msg = f"--{path_text(first.path).replace('_', '-')}: {first.message}"
        raise UsageError(msg) from exc
    if chosen.is_off:
        msg = "the configuration has no broker (mqtt: off); name one with --url"
        raise UsageError(msg)
    return chosen, _checked_filter(request.topic or topic)


def _checked_filter(topic: str) -> str:
    """Let `topic` pass if one can subscribe to it. Source: MQTT 5.0, 4.7.1 and 4.7.3."""
    *above, last = topic.split("/")
    wild = [level for level in (*above, last) if "+" in level or "#" in level]
    is_wild_rightly = all(level in ("+", "#") for level in wild) and "#" not in above
    is_text = not has_control_characters(topic) and len(topic.encode()) <= _MAX_FILTER_BYTES
    if is_wild_rightly and is_text:
        return topic
    msg = (
        f"--topic: nobody can subscribe to '{brief(topic)}'; expected levels between /, + for any"
        " one of them, and # only as the last"
    )
    raise UsageError(msg)


def _endpoint(settings: MqttSettings) -> Endpoint:
    endpoint = endpoint_of(settings, f"edgedet-sub-{secrets.token_hex(4)}")
    # nothing is kept for us, and nothing is too large to be looked at
    return replace(endpoint, keeps_session=False, max_incoming_bytes=None)
