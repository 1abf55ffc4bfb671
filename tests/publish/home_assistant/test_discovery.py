"""The message that Home Assistant reads, its templates rendered as Home Assistant does."""

import json
from typing import Any

import pytest
from jinja2 import Environment

from edgedet.errors import ConfigError
from edgedet.publish import schemas
from edgedet.publish.broker import Protocol
from edgedet.publish.home_assistant.discovery import (
    Discovery,
    Entities,
    classes_of,
    discovery_topic,
)
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import encode_json
from edgedet.publish.topics import Topics

TOPICS = Topics("edgedet/v1", "lab", "bench-01")
ENTITIES = Entities(("gate", "dock"), {"gate"}, ("person", "traffic light"))


def _body(
    origin: Origin, protocol: Protocol = Protocol.V5, removed: dict[str, str] | None = None
) -> dict[str, Any]:
    body = Discovery(origin, TOPICS, 30.0).body(ENTITIES, protocol, removed or {})
    decoded: dict[str, Any] = json.loads(encode_json(body))
    return decoded


def _render(template: str, name: str, case: str, **changes: object) -> str:
    body = {**json.loads(schemas.examples(name)[case]), **changes}
    return Environment(autoescape=True).from_string(template).render(value_json=body)


def test_device_origin_and_components_are_there(origin: Origin) -> None:
    body = _body(origin)

    assert body["dev"]["ids"] == ["edgedet_lab_bench-01"]
    assert body["o"]["name"] == "edgedet"
    assert set(body["cmps"]) == {
        "gate_connectivity",
        "gate_fps",
        "gate_count_person",
        "gate_count_traffic_light_74726166666963206c69676874",
        "dock_connectivity",
        "dock_fps",
    }
    ids = [component["unique_id"] for component in body["cmps"].values()]
    assert len(set(ids)) == 6
    assert discovery_topic("homeassistant", "bench-01") == (
        "homeassistant/device/edgedet_bench-01/config"
    )


def test_templates_read_our_messages(origin: Origin) -> None:
    components = _body(origin)["cmps"]
    connectivity, fps = components["gate_connectivity"], components["gate_fps"]
    device, source = fps["availability"]

    assert connectivity["state_topic"] == TOPICS.source_status("gate")
    assert _render(connectivity["value_template"], "source_status", "live") == "ON"
    assert _render(connectivity["value_template"], "source_status", "stalled") == "OFF"
    assert _render(fps["value_template"], "source_status", "live") == "14.8"
    assert _render(source["value_template"], "source_status", "live") == "online"
    assert _render(source["value_template"], "source_status", "stalled") == "offline"
    states = [
        _render(device["value_template"], "status", case)
        for case in ("online", "offline", "stopped")
    ]
    assert states == ["online", "offline", "offline"]


def test_counts_are_read_by_label_and_are_0_without_one(origin: Origin) -> None:
    components = _body(origin)["cmps"]
    person = components["gate_count_person"]
    lights = components["gate_count_traffic_light_74726166666963206c69676874"]

    assert person["state_topic"] == TOPICS.counts("gate")
    assert _render(person["value_template"], "counts", "counts") == "3"
    assert _render(lights["value_template"], "counts", "counts") == "0"


def test_label_cannot_break_out_of_its_template(origin: Origin) -> None:
    label = "rock 'n' \\ roll"
    entities = Entities(("gate",), {"gate"}, (label,))
    body = Discovery(origin, TOPICS, 30.0).body(entities, Protocol.V5, {})
    found: Any = body["cmps"]
    template = next(each["value_template"] for key, each in found.items() if "count" in key)

    assert _render(template, "counts", "counts", classes={label: 7}) == "7"


def test_all_of_device_and_source_must_be_available(origin: Origin) -> None:
    components = _body(origin)["cmps"]

    assert {component["availability_mode"] for component in components.values()} == {"all"}
    topics = [each["topic"] for each in components["gate_fps"]["availability"]]
    assert topics == [TOPICS.status, TOPICS.source_status("gate")]
    # that there is no picture is what it tells: it is available without one
    assert len(components["gate_connectivity"]["availability"]) == 1


def test_home_assistant_ages_states_only_where_the_broker_does_not(origin: Origin) -> None:
    assert "expire_after" not in json.dumps(_body(origin))
    old = _body(origin, Protocol.V311)["cmps"]
    assert {component["expire_after"] for component in old.values()} == {90}


def test_removed_entities_are_told_by_their_platform_alone(origin: Origin) -> None:
    components = _body(origin, removed={"yard_fps": "sensor"})["cmps"]

    assert components["yard_fps"] == {"platform": "sensor"}


def test_classes_are_those_chosen_or_a_few() -> None:
    many = [f"class {number}" for number in range(80)]

    assert classes_of(None, ["person", "car"]) == ("person", "car")
    assert classes_of(None, many) == ()
    assert classes_of(["class 7"], many) == ("class 7",)
    with pytest.raises(ConfigError, match="the model has no class 'dog'; expected some of person"):
        classes_of(["dog"], ["person", "car"])
