"""Settings `mqtt`: the broker, who we are to it, and how often it hears from us."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from edgedet.config.addresses import check_host, split_address
from edgedet.config.commands import CommandSettings
from edgedet.config.home_assistant import HomeAssistantSettings
from edgedet.config.section import ConfigPath, Section, UserName
from edgedet.config.spool import SpoolSettings

EMBEDDED = "embedded"
OFF = "off"
_DIRECT = ("mqtt", "mqtts")
_WEBSOCKETS = ("ws", "wss")
_ENCRYPTED = ("mqtts", "wss")
_PORT = re.compile("[0-9]{1,5}")
_MAX_PORT = 65535


class TlsSettings(Section):
    """Certificates. Without any, the system's certificate authorities are trusted."""

    ca_file: ConfigPath | None = None
    cert_file: ConfigPath | None = None
    key_file: ConfigPath | None = None
    insecure: bool = False
    """Do not check the broker's certificate. Never outside a laboratory."""

    @model_validator(mode="after")
    def _key_has_a_certificate(self) -> "TlsSettings":
        if self.key_file is not None and self.cert_file is None:
            msg = "key_file needs a cert_file beside it"
            raise ValueError(msg)
        return self


class MqttSettings(Section):
    """The outlet to MQTT.

    `url` is `mqtt://host[:port]`, `mqtts://…`, `ws://host[:port]/path`, `wss://…`, `embedded` or
    `off`.
    """

    url: str = "mqtt://127.0.0.1:1883"
    username: UserName | None = None
    password_file: ConfigPath | None = None
    tls: TlsSettings = TlsSettings()
    topic_root: str = Field(
        default="edgedet/v1", pattern=r"^[a-z0-9_-]+(/[a-z0-9_-]+)*$", max_length=64
    )
    detections_qos: Literal[0, 1] = 0
    detections_max_per_s: float | None = Field(default=None, gt=0, le=100_000)
    """At most so many detections a second and source; what is left out counts as skipped."""
    keepalive_s: int = Field(default=30, ge=5, le=3600)
    heartbeat_s: float = Field(default=30.0, ge=1, le=3600)
    will_delay_s: int = Field(default=10, ge=0, le=300)
    """MQTT 5: how long the broker waits for us to come back before it says that we are offline."""
    queue_size: int = Field(default=1000, ge=1, le=100_000)
    """Messages held in memory while the broker is away; the oldest is dropped and counted."""
    max_payload_bytes: int = Field(default=100_000, ge=1_000, le=268_435_455)
    commands: CommandSettings = CommandSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    spool: SpoolSettings = SpoolSettings()
    embedded_listen: str = "127.0.0.1:1883"
    """Where the embedded try-out broker listens; port 0: any that is free."""

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        """`mqtt: off` as short for `mqtt: {url: off}`; YAML reads a bare off as false."""
        if value is False or value in (OFF, EMBEDDED):
            return {"url": EMBEDDED if value == EMBEDDED else OFF}
        return value

    @field_validator("url", mode="before")
    @classmethod
    def _known_url(cls, value: object) -> object:
        if value is False:
            return OFF
        if value in (OFF, EMBEDDED) or not isinstance(value, str):
            return value
        parts = split_address(value)
        if parts.scheme not in (*_DIRECT, *_WEBSOCKETS) or not parts.hostname:
            msg = "expected mqtt://host[:port], mqtts://, ws://, wss://, embedded or off"
            raise ValueError(msg)
        if parts.username or parts.password:
            msg = "no credentials in the url: use username and password_file"
            raise ValueError(msg)
        if (parts.scheme in _DIRECT and parts.path.strip("/")) or parts.query or parts.fragment:
            msg = "expected nothing behind the port; topics are set by topic_root and device"
            raise ValueError(msg)
        return value

    @field_validator("embedded_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        is_host = host.startswith("[") and host.endswith("]") if ":" in host else bool(host)
        if not is_host or not _PORT.fullmatch(port) or int(port) > _MAX_PORT:
            msg = "expected host:port, as in 127.0.0.1:1883"
            raise ValueError(msg)
        check_host(host.strip("[]"))
        return value

    @model_validator(mode="after")
    def _tls_is_not_in_vain(self) -> "MqttSettings":
        """Refuse certificates that nobody would look at."""
        if self.tls != TlsSettings() and urlsplit(self.url).scheme not in _ENCRYPTED:
            msg = "tls does nothing for this url; expected mqtts://host[:port] or wss://"
            raise ValueError(msg)
        return self

    @property
    def is_off(self) -> bool:
        """Whether nothing is published over MQTT."""
        return self.url == OFF

    @property
    def is_embedded(self) -> bool:
        """Whether the broker runs inside this process."""
        return self.url == EMBEDDED
