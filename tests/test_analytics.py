"""Events as values: their words, and that none says too little."""

import json
from datetime import datetime, timezone
from importlib.resources import files

import pytest

from edgedet.analytics import EndReason, EventKind, EventType, ObjectEvent, SeenObject

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
SEEN = SeenObject("6f1c-1", 0, 0.9, (0.1, 0.2, 0.3, 0.4))


def test_the_words_are_those_of_the_schema() -> None:
    text = files("edgedet.publish").joinpath("schemas/events.1.json").read_text(encoding="utf-8")
    fields = json.loads(text)["properties"]

    assert fields["kind"]["enum"] == [kind.value for kind in EventKind]
    assert fields["type"]["enum"] == [kind.value for kind in EventType]
    assert fields["reason"]["enum"] == [reason.value for reason in EndReason]


def test_every_kind_has_one_last_word() -> None:
    last = {word: word.kind for word in EventType if word.is_last}

    assert sorted(last.values()) == sorted(EventKind)


@pytest.mark.parametrize(
    ("word", "place", "reason"),
    [
        (EventType.ENTER, "", None),
        (EventType.CROSS, "", None),
        (EventType.START, "dock", None),
        (EventType.END, "", None),
        (EventType.LEAVE, "dock", None),
        (EventType.ENTER, "dock", EndReason.LEFT),
    ],
)
def test_an_event_that_says_too_little_or_too_much_is_refused(
    word: EventType, place: str, reason: EndReason | None
) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ObjectEvent("gate", "6f1c-1", word, 0, NOON, NOON, 0.0, SEEN, place=place, reason=reason)
