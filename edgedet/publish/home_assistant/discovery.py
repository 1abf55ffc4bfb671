"""The device-discovery message. Pure.

Source: Home Assistant, MQTT integration, "Device discovery payload" and "Availability".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import edgedet
from edgedet.errors import ConfigError
from edgedet.publish.broker import Protocol
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject
from edgedet.publish.state_payloads import EXPIRY_HEARTBEATS
from edgedet.publish.topics import Topics

BINARY_SENSOR = "binary_sensor"
SENSOR = "sensor"

_MOST_CLASSES = 10
_ONLINE = "{{ 'online' if value_json.state == 'online' else 'offline' }}"
_HAS_PICTURES = "value_json.state in ['live', 'degraded']"
_AVAILABLE = f"{{{{ 'online' if {_HAS_PICTURES} else 'offline' }}}}"
_CONNECTED = f"{{{{ 'ON' if {_HAS_PICTURES} else 'OFF' }}}}"


@dataclass(frozen=True, slots=True)
class Entities:
    """What is described: `counted` sources have counts, by the labels in `classes`."""

    sources: Sequence[str]
    counted: Collection[str]
    classes: Sequence[str]


def classes_of(chosen: Sequence[str] | None, class_names: Sequence[str]) -> Sequence[str]:
    """The classes that get a sensor: those `chosen`, else all, unless they would flood the page.

    Raises:
        ConfigError: one that was chosen is none of the model's.
    """
    if chosen is None:
        return tuple(dict.fromkeys(class_names)) if len(class_names) <= _MOST_CLASSES else ()
    unknown = [label for label in chosen if label not in class_names]
    if unknown:
        msg = (
            f"mqtt.home_assistant.count_classes: the model has no class '{unknown[0]}';"
            f" expected some of {', '.join(class_names)}"
        )
        raise ConfigError(msg)
    return tuple(dict.fromkeys(chosen))


def discovery_topic(prefix: str, device: str) -> str:
    """Where Home Assistant looks for the message."""
    return f"{prefix}/device/edgedet_{device}/config"


class Discovery:
    """Makes the message of one device."""

    def __init__(self, origin: Origin, topics: Topics, heartbeat_s: float) -> None:
        """Describe `origin`, whose states come at each heartbeat."""
        self._origin = origin
        self._topics = topics
        self._expire_after_s = int(EXPIRY_HEARTBEATS * heartbeat_s)
        self._id = f"edgedet_{origin.site}_{origin.device}"

    def body(
        self, entities: Entities, protocol: Protocol, removed: Mapping[str, str]
    ) -> JsonObject:
        """The message; `removed` entities, by key with their platform, are told to be gone."""
        model = self._origin.model
        components: JsonObject = {key: {"platform": kind} for key, kind in removed.items()}
        return {
            "dev": {
                "ids": [self._id],
                "name": self._origin.device,
                "mf": "edgedet",
                "mdl": f"{model.name} {model.version}",
                "sw": edgedet.__version__,
                "sa": self._origin.site,
            },
            "o": {"name": "edgedet", "sw": edgedet.__version__},
            "cmps": components | self._components(entities, protocol),
        }

    def platforms(self, entities: Entities) -> dict[str, str]:
        """The key and platform of every entity."""
        return {
            key: str(component["platform"])
            for key, component in self._components(entities, Protocol.V5).items()
        }

    def _components(self, entities: Entities, protocol: Protocol) -> dict[str, JsonObject]:
        # with MQTT 5 the broker drops what is too old; without, Home Assistant has to
        expiry = {} if protocol is Protocol.V5 else {"expire_after": self._expire_after_s}
        found: dict[str, JsonObject] = {}
        for source in entities.sources:
            found[f"{source}_connectivity"] = self._connectivity(source) | expiry
            found[f"{source}_fps"] = self._fps(source) | expiry
            if source in entities.counted:
                for label in entities.classes:
                    found[f"{source}_count_{_slug(label)}"] = self._count(source, label) | expiry
        return found

    def _connectivity(self, source: str) -> JsonObject:
        """On while there are pictures; whether that is known hangs on the device alone."""
        return self._component(BINARY_SENSOR, f"{source}_connectivity", f"{source} picture") | {
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": self._topics.source_status(source),
            "value_template": _CONNECTED,
            "json_attributes_topic": self._topics.source_status(source),
            "availability": [self._device_availability()],
        }

    def _fps(self, source: str) -> JsonObject:
        return self._component(SENSOR, f"{source}_fps", f"{source} detected frames") | {
            "state_class": "measurement",
            "unit_of_measurement": "fps",
            "entity_category": "diagnostic",
            "state_topic": self._topics.source_status(source),
            "value_template": "{{ value_json.fps_inferred }}",
            "availability": self._availability(source),
        }

    def _count(self, source: str, label: str) -> JsonObject:
        key = f"{source}_count_{_slug(label)}"
        quoted = label.replace("\\", "\\\\").replace("'", "\\'")
        return self._component(SENSOR, key, f"{source} {label}") | {
            "state_class": "measurement",
            "state_topic": self._topics.counts(source),
            "value_template": f"{{{{ value_json.classes.get('{quoted}', 0) }}}}",
            "availability": self._availability(source),
        }

    def _component(self, platform: str, key: str, name: str) -> JsonObject:
        return {
            "platform": platform,
            "unique_id": f"{self._id}_{key}",
            "name": name,
            "availability_mode": "all",
            "qos": 1,
        }

    def _availability(self, source: str) -> list[JsonObject]:
        topic = self._topics.source_status(source)
        return [self._device_availability(), {"topic": topic, "value_template": _AVAILABLE}]

    def _device_availability(self) -> JsonObject:
        return {"topic": self._topics.status, "value_template": _ONLINE}


def _slug(label: str) -> str:
    """A label as part of a key; of any two labels the keys differ."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in label.lower())
    return plain if plain == label else f"{plain}_{label.encode().hex()}"
