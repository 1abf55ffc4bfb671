"""Expectations as sections of a scenario."""

import pytest
from pydantic import ValidationError

from edgedet.sim.scenario.expectation import Expectation


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"message": {"topic": "status"}}, "message"),
        ({"log": "connected"}, "log"),
        ({"http": {"path": "/healthz", "status": [200, 503]}}, "http"),
        ({"process": {"exit_code": 0}}, "process"),
        ({"peer": {"connects": ">= 2"}}, "peer"),
        ({"labels": {"images": 3}}, "labels"),
        ({"sources": {"gate": ["live", "degraded"], "dock": "-"}}, "sources"),
    ],
)
def test_each_is_of_one_kind(given: dict[str, object], kind: str) -> None:
    assert Expectation.model_validate(given).kind == kind


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "exactly one of"),
        ({"log": "a", "process": {"alive": True}}, "got log, process"),
        ({"log": "("}, "not a regular expression"),
        ({"peer": {"mood": 1}}, "the peer knows connects"),
        ({"message": {"topic": "status", "where": {"a": ">= b"}}}, "expected a number"),
        ({"message": {"topic": "//status"}}, "pattern"),
        ({"sources": {}}, "at least 1"),
        ({"sources": {"Gate": "live"}}, "pattern"),
        ({"http": {"path": "healthz"}}, "pattern"),
        ({"http": {"path": "/a b"}}, "pattern"),
        ({"http": {"path": "/é"}}, "pattern"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Expectation.model_validate(given)
