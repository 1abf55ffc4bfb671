"""The desired state as it comes over the network, and whose turn it is when."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.errors import ModelError
from edgedet.rollout.wish import Asker, Wish, offset_s, read_desired, wish_back
from tests.stream.fakes import START_UTC

SHA = "c7" * 32
BODY = {"schema": "edgedet.desired_model/1", "id": "wave-8", "model": "person-8"}


def _read(**changes: object) -> object:
    body = {key: value for key, value in {**BODY, **changes}.items() if value is not ...}
    return read_desired(json.dumps(body).encode())


def test_the_same_content_is_the_same_however_it_is_written() -> None:
    spaced = read_desired(json.dumps(BODY, indent=4).encode())
    other_order = read_desired(json.dumps(dict(reversed(BODY.items()))).encode())

    assert spaced.key == other_order.key
    assert read_desired(json.dumps(BODY | {"id": "wave-9"}).encode()).key != spaced.key
    assert spaced.wish().asker is Asker.DESIRED
    assert spaced.wish().key == spaced.key


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model": ...}, "expected model or url, one of them"),
        ({"url": "https://a/b.zip", "sha256": SHA}, "expected model or url, one of them"),
        ({"model": ..., "url": "https://a/b.zip"}, "url needs sha256"),
        ({"model": "../etc"}, "model: "),
        ({"sha256": "c7"}, "sha256: "),
        ({"within": 60}, "within"),
        ({"within_s": -1}, "within_s: "),
        ({"not_before": "tomorrow"}, "not_before: "),
        ({"schema": "edgedet.desired_model/2"}, "edgedet.desired_model/1"),
        ({"id": "two words"}, "id: "),
    ],
)
def test_what_cannot_be_meant_is_told(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ModelError, match="the desired state cannot be read") as caught:
        _read(**changes)

    assert told in str(caught.value)


@given(st.binary(max_size=200))
def test_no_payload_does_any_harm(payload: bytes) -> None:
    with pytest.raises(ModelError):
        read_desired(payload)


def test_a_flood_is_not_even_read() -> None:
    with pytest.raises(ModelError, match="has 9000 bytes; expected at most 8192"):
        read_desired(b" " * 9000)


def test_each_device_has_its_turn() -> None:
    body = BODY | {"not_before": "2026-05-04T22:00:00.000Z", "within_s": 3600}
    desired = read_desired(json.dumps(body).encode())

    first = desired.due(START_UTC, "gate-03")
    assert first == desired.due(START_UTC + timedelta(days=1), "gate-03")
    assert first - START_UTC == timedelta(hours=13, seconds=offset_s("gate-03", 3600))
    assert read_desired(json.dumps(BODY).encode()).due(START_UTC, "gate-03") == START_UTC


@given(st.text(max_size=20), st.floats(0, 1e6))
def test_turns_are_within_the_time(device: str, within_s: float) -> None:
    assert 0.0 <= offset_s(device, within_s) <= within_s
    assert offset_s(device, within_s) == offset_s(device, within_s)


def test_a_fleet_spreads() -> None:
    turns = [offset_s(f"device-{number}", 4.0) for number in range(1000)]

    assert all(200 < turns_of < 300 for turns_of in Counter(map(int, turns)).values())


def test_a_wish_in_few_words() -> None:
    assert str(wish_back("configured", Asker.OPERATOR)) == "configured"
    assert str(Wish(asker=Asker.COMMAND, url="u", sha256=SHA)) == "u (c7c7c7c7c7c7)"
