"""The head of a scenario, and steps that fit it."""

from typing import Any

import pytest
from pydantic import ValidationError

from edgedet.sim.scenario.schema import Head, addresses_of, problems_of_timeline
from edgedet.sim.scenario.steps import STEPS, AnyStep

LEAST: dict[str, Any] = {"name": "a", "about": "b", "timeline": [{"pause_s": 1}]}


def _step(**step: object) -> AnyStep:
    return next(STEPS[key].model_validate(step) for key in step if key in STEPS)


def test_least_of_all_scenarios_has_its_defaults() -> None:
    head = Head.model_validate(LEAST)
    assert (head.broker.kind, head.cameras, head.labels) == ("mosquitto", {}, None)
    assert head.always.schema_


def test_broker_in_one_word_and_in_many() -> None:
    assert Head.model_validate({**LEAST, "broker": "peer"}).broker.kind == "peer"
    many = {"kind": "mosquitto", "persistence": True, "options": ["max_packet_size 9000"]}
    assert Head.model_validate({**LEAST, "broker": many}).broker.persistence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timeline": []}, "at least 1"),
        ({"about": ""}, "at least 1"),
        ({"broker": {"kind": "peer", "persistence": True}}, "for kind: mosquitto only"),
        ({"broker": {"kind": "none", "at_start": [{"do": "drop"}]}}, "for kind: peer only"),
        ({"files": {"../x": ""}}, "no plain file name"),
        ({"cameras": {"Gate": {}}}, "pattern"),
        ({"cameras": {"gate": {"pattern": "--help"}}}, "pattern"),
        ({"cameras": {"gate": {"pattern": "a\0b"}}}, "pattern"),
        ({"cameras": {"gate": {"username": "a\0b"}}}, "control characters"),
        ({"cameras": {"gate": {"login": {"username": "\n", "password": ""}}}}, "control char"),
        ({"always": {"mood": True}}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Head.model_validate({**LEAST, **change})


@pytest.mark.parametrize(
    ("head", "step", "message"),
    [
        ({}, {"camera": {"id": "gate", "do": "stall"}}, "there is no camera 'gate'; cameras: none"),
        ({}, {"peer": {"do": "drop"}}, "expected `broker: peer`"),
        ({"broker": "peer"}, {"broker": "kill"}, "expected `broker: mosquitto`"),
        ({}, {"labels": {"do": "off"}}, "expected `labels`"),
        ({}, {"disk": "fill"}, "expected `disk`"),
        ({"broker": "none"}, {"publish": {"topic": "a"}}, "no broker to publish to"),
        ({"broker": "none"}, {"expect": {"message": {"topic": "a"}}}, "no broker to hear"),
        ({}, {"never": {"peer": {"connects": 1}}}, "no scripted peer"),
        ({}, {"expect": {"labels": {"images": 1}}}, "no label service"),
        ({}, {"rate": {"topic": "a", "of": "before", "ratio": 1}}, "no rate was saved"),
        ({}, {"expect": {"message": {"topic": "a", "since": "m"}}}, "no step before has"),
        ({"broker": "none"}, {"expect": {"sources": {"a": "live"}}}, "no broker to hear of"),
        ({}, {"publish": {"topic": "a", "payload": ["${round}"]}}, "inside of `repeat`"),
        ({}, {"config": {"jsonl": "${labels.url}"}}, "known are ${broker.url}, ${bundle.slow}"),
    ],
)
def test_whom_a_step_needs_must_be_there(
    head: dict[str, object], step: dict[str, object], message: str
) -> None:
    steps = [(("timeline", 0), _step(**step))]
    (problem,) = problems_of_timeline(Head.model_validate({**LEAST, **head}), steps)

    assert problem.path == ("timeline", 0)
    assert message in problem.message


def test_marks_and_rates_are_known_after_their_step() -> None:
    steps: list[AnyStep] = [
        _step(pause_s=1, mark="m"),
        _step(rate={"topic": "a", "save_as": "before"}),
        _step(rate={"topic": "a", "of": "before", "ratio": ">= 1"}),
        _step(expect={"message": {"topic": "a", "since": "m"}}),
        _step(expect={"message": {"topic": "a", "since": "start"}}),
    ]
    placed = [(("timeline", number), step) for number, step in enumerate(steps)]
    assert problems_of_timeline(Head.model_validate(LEAST), placed) == []


def test_addresses_of_those_who_take_part_are_known() -> None:
    head = Head.model_validate({**LEAST, "cameras": {"gate": {}}, "labels": {}})
    known = addresses_of(head)
    assert known == {"folder", "bundle.slow", "broker.url", "labels.url", "camera.gate.url"}
    config = {"jsonl": "${camera.dock.url}"}
    (problem,) = problems_of_timeline(head.model_copy(update={"config": config}), [])
    assert (problem.path, problem.message[:40]) == (
        ("config",), "${camera.dock.url} means nothing here; k",
    )  # fmt: skip
