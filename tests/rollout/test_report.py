"""What others are told agrees with the schema, and holds no secret."""

import pytest
from jsonschema import Draft202012Validator

from edgedet.publish import schemas
from edgedet.rollout.record import Handled, Record, State
from edgedet.rollout.report import rollout_document, rollout_figures
from edgedet.rollout.wish import Asker, Wish
from tests.stream.fakes import START_UTC

WATCHED = Record(
    state=State.WATCHING,
    since=START_UTC,
    wish=Wish(asker=Asker.DESIRED, url="https://a/b.zip?token=hidden", key="k"),
    before="configured",
    to="person-8-c7d0b0a5e0c4",
    reason="cannot fetch https://a/b.zip?token=hidden",
    figures={"agreement": 0.98765},
    desired=Handled(key="k", id="wave-8", seen=START_UTC, outcome="begun"),
)


@pytest.mark.parametrize("record", [Record(), WATCHED])
def test_it_is_as_the_schema_says(record: Record) -> None:
    schema = schemas.load("info")
    properties = schema["properties"]
    assert isinstance(properties, dict)
    part = {**properties["rollout"], "$defs": schema["$defs"]}

    Draft202012Validator(part).validate(rollout_document(record))


@pytest.mark.parametrize("state", State)
def test_the_schema_knows_every_state(state: State) -> None:
    properties = schemas.load("info")["properties"]
    assert isinstance(properties, dict)

    assert state.value in properties["rollout"]["properties"]["state"]["enum"]


def test_a_watched_model_serves_and_no_address_is_told() -> None:
    told = rollout_document(WATCHED)

    assert told["serving"] == "person-8-c7d0b0a5e0c4"
    assert told["figures"] == {"agreement": 0.9877}
    assert "hidden" not in str(told)
    assert "hidden" not in str(rollout_figures(WATCHED, {}))


def test_figures_count_and_name() -> None:
    figures = rollout_figures(WATCHED, {"refused": 2})

    assert (figures["refused"], figures["settled"], figures["under_way"]) == (2, 0, 1)
    assert figures["candidate"] == "person-8-c7d0b0a5e0c4"
    assert rollout_figures(Record(), {})["candidate"] == ""
