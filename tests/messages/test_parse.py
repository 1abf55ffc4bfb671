"""A consumer gets typed values, whatever is newer, and one clear line about what is wrong."""

import json
from datetime import timezone

import pytest
from pydantic import ValidationError

from edgedet.messages import Detections, Message, MessageError, SourceStatus, parse
from edgedet.publish import schemas


def test_fields_are_typed() -> None:
    message = parse(schemas.examples("detections")["objects"])

    assert isinstance(message, Detections)
    assert (message.source, message.seq, message.lost_before) == ("gate", 9120, 2)
    assert message.time.capture.tzinfo == timezone.utc
    assert [each.label for each in message.objects] == ["person", "car"]
    assert message.objects[0].box[2] == 0.47188
    assert message.replayed is False


def test_message_is_frozen() -> None:
    message = parse(schemas.examples("detections")["nothing"])

    with pytest.raises(ValidationError, match="frozen"):
        message.id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", schemas.NAMES)
def test_newer_fields_and_words_are_no_trouble(name: str) -> None:
    for text in schemas.examples(name).values():
        assert isinstance(parse(json.dumps(_with_news(json.loads(text)))), Message)


def _with_news(body: object) -> object:
    if isinstance(body, dict):
        news = {"state": "floating", "kind": "cloud", "type": "pass", "reason": "weather"}
        tallies = (
            "classes",
            "zones",
            "crossings",
            "figures",
            "dropped",
        )  # of names that are the device's own
        kept = {k: v if k in tallies else _with_news(v) for k, v in body.items()}
        return {**kept, **{key: news[key] for key in news if key in body}, "newer": {"a": [1]}}
    if isinstance(body, list):
        return [_with_news(value) for value in body]
    return body


def test_bytes_are_taken_as_they_come() -> None:
    message = parse(schemas.examples("source_status")["live"].encode())

    assert isinstance(message, SourceStatus)
    assert message.fps_in == 25.0


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", "no message of edgedet: Invalid JSON"),
        (b"\xff", "no message of edgedet: Invalid JSON"),
        (b"[]", "no message of edgedet"),
        (b"{}", "no message of edgedet: schema: Field required"),
        (b'{"schema": "edgedet.detections/2"}', "unknown schema 'edgedet.detections/2'"),
        (b'{"schema": "edgedet.command/1"}', "not as edgedet.command/1 says: id: Field required"),
        (
            b'{"schema": "edgedet.command/1", "id": "7", "args": 3}',
            "args: Input should be an object",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(payload: bytes, told: str) -> None:
    with pytest.raises(MessageError) as caught:
        parse(payload)

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_time_without_a_zone_is_refused() -> None:
    text = schemas.examples("source_status")["live"].replace(".418Z", ".418")

    with pytest.raises(MessageError, match="timezone"):
        parse(text)
