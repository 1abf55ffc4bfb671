"""Tells Home Assistant what there is: at each connection, and when it has been started anew."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from edgedet.config.mqtt import MqttSettings
from edgedet.model_identity import ModelIdentity
from edgedet.publish.broker import Incoming, Message, Protocol
from edgedet.publish.exchange import Exchange
from edgedet.publish.home_assistant.announced import (
    Announced,
    read_announced,
    write_announced,
)
from edgedet.publish.home_assistant.discovery import (
    Discovery,
    Entities,
    discovery_topic,
)
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import encode_json
from edgedet.publish.topics import Topics

logger = logging.getLogger(__name__)

_ONLINE = b"online"
_FILE = "home_assistant.json"


class Announcer:
    """Speaks to Home Assistant over the exchange, on the broker's thread."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part by name
        self,
        settings: MqttSettings,
        *,
        origin: Origin,
        topics: Topics,
        sources: Sequence[str],
        counted: Collection[str],
        classes: Sequence[str],
        exchange: Exchange,
        state_dir: Path,
    ) -> None:
        """Announce `sources` at each connection, if that is enabled; else take back what was told.

        Those in `counted` have counts, of the `classes`.
        """
        own = settings.home_assistant
        self._topics = topics
        self._max_bytes = settings.max_payload_bytes
        self._origin = origin
        self._heartbeat_s = settings.heartbeat_s
        self._discovery = Discovery(origin, topics, settings.heartbeat_s)
        self._topic = discovery_topic(own.prefix, origin.device)
        self._path = state_dir / _FILE
        self._before = read_announced(self._path)
        self._is_written = False
        self._exchange = exchange
        self._protocol = Protocol.V5
        self._entities = Entities(tuple(sources), frozenset(counted), tuple(classes))
        self._is_enabled = own.enabled
        if own.enabled:
            exchange.listen(f"{own.prefix}/status", self._hear)
        if own.enabled or self._before.discovery_topics:
            exchange.at_birth(self._birth)

    def set_model(self, model: ModelIdentity, classes: Sequence[str]) -> None:
        """Announce another model, with counts of these classes; from any thread."""
        self._before = self._told()
        origin = replace(self._origin, model=model)
        self._discovery = Discovery(origin, self._topics, self._heartbeat_s)
        self._entities = replace(self._entities, classes=tuple(classes))
        self._is_written = False
        self._exchange.ask_for_rebirth()

    def set_sources(self, sources: Sequence[str], counted: Collection[str]) -> None:
        """Announce these from the next birth on, and take back what else was told; any thread."""
        before = self._entities
        if (before.sources, before.counted) == (tuple(sources), frozenset(counted)):
            return
        # in this order, as the broker's thread may be in the midst of a birth
        self._before = self._told()
        self._entities = Entities(tuple(sources), frozenset(counted), before.classes)
        self._is_written = False
        self._exchange.ask_for_rebirth()

    def _hear(self, incoming: Incoming) -> None:
        # a retained one tells nothing new: this connection began with an announcement
        if incoming.payload == _ONLINE and not incoming.retain:
            for message in self._announcement():
                self._exchange.post(message)

    def _birth(self, protocol: Protocol) -> list[Message]:
        self._protocol = protocol
        if not self._is_enabled:
            return [Message.taking_back(topic) for topic in self._before.discovery_topics]
        gone = self._gone_topics()
        self._write_once()
        return [*(Message.taking_back(topic) for topic in gone), *self._announcement()]

    def _announcement(self) -> list[Message]:
        """The message, with fewer entities if it would be too large for the broker."""
        fewer = Entities(self._entities.sources, (), ())
        for entities in (self._entities, fewer):
            now = self._discovery.platforms(entities)
            removed = {key: kind for key, kind in self._before.platforms.items() if key not in now}
            body = self._discovery.body(entities, self._protocol, removed)
            payload = encode_json(body)
            if len(payload) <= self._max_bytes:
                return [Message(self._topic, payload, "", "", qos=1, retain=True)]
            logger.warning(
                "Home Assistant: %d entities take %d bytes, more than mqtt.max_payload_bytes (%d)",
                len(now),
                len(payload),
                self._max_bytes,
            )
        return []

    def _gone_topics(self) -> list[str]:
        """Retained topics that nobody keeps up any more."""
        now = {self._topic, *self._state_topics()}
        told = (*self._before.discovery_topics, *self._before.state_topics)
        return [topic for topic in told if topic not in now]

    def _state_topics(self) -> list[str]:
        sources = self._entities.sources
        statuses = [self._topics.source_status(source) for source in sources]
        return statuses + [self._topics.counts(source) for source in self._entities.counted]

    def _write_once(self) -> None:
        if self._is_written:
            return
        self._is_written = True
        write_announced(self._path, self._told())

    def _told(self) -> Announced:
        """Everything that was ever told, what is told now included."""
        platforms = self._discovery.platforms(self._entities)
        return self._before.with_more(self._topic, self._state_topics(), platforms)
