"""What each answer of a label service means for a sample."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.sample.base import SinkBusyError, SinkClosedError, SinkRefusalError
from edgedet.sample.sinks.answers import answer_of, check_annotated, image_id_of

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)


def outcome(status: int, body: bytes, *, annotates: bool = False) -> object:
    """The id, or the kind of error and whom it concerns."""
    answer = answer_of(status, body, None, NOW)
    try:
        if not annotates:
            return image_id_of(answer)
        check_annotated(answer)
    except SinkClosedError:
        return "closed"
    except SinkBusyError as exc:
        return "all wait" if exc.is_general else "this one waits"
    except SinkRefusalError:
        return "refused"
    return None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"success": true, "id": "a1"}', ("a1", False)),
        (200, b'{"duplicate": true, "id": "a1"}', ("a1", True)),
        (409, b'{"id": "a1"}', ("a1", True)),
        (409, b'{"error": {"message": "busy with it"}}', "this one waits"),
        (200, b"<html>a captive portal</html>", "this one waits"),
        (200, b'{"success": true}', "this one waits"),
        (200, b'{"id": 7}', "this one waits"),
        (200, b"[]", "this one waits"),
        (400, b"{}", "refused"),
        (413, b'{"error": "too large"}', "refused"),
        (415, b"{}", "refused"),
        (401, b"{}", "closed"),
        (403, b"{}", "closed"),
        (404, b"{}", "closed"),
        (302, b"", "closed"),
        (408, b"", "all wait"),
        (429, b"", "all wait"),
        (500, b"", "all wait"),
        (502, b"\xff\xfe", "all wait"),
        (503, b"{}", "all wait"),
    ],
)
def test_uploads(status: int, body: bytes, expected: object) -> None:
    assert outcome(status, body) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"success": true}', None),
        (409, b'{"error": {"message": "Image was already annotated."}}', None),
        (409, b"{}", "this one waits"),
        (404, b'{"error": {"message": "Image not found in dataset."}}', "this one waits"),
        (200, b"{}", "this one waits"),
        (400, b"{}", "refused"),
        (401, b"{}", "closed"),
        (429, b"{}", "all wait"),
        (503, b"{}", "all wait"),
    ],
)
def test_annotations(status: int, body: bytes, expected: object) -> None:
    assert outcome(status, body, annotates=True) == expected


@given(st.integers(100, 599), st.binary(max_size=40))
def test_no_answer_is_a_surprise(status: int, body: bytes) -> None:
    outcome(status, body)
    outcome(status, body, annotates=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1e9", 3600.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        (format_datetime(NOW + timedelta(seconds=90)), 90.0),
        (format_datetime(NOW - timedelta(seconds=90)), 0.0),
        ("Mon, 04 May 2026 09:00:30", 30.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    answer = answer_of(429, b"", header, NOW)

    assert answer.retry_after_s == seconds
    with pytest.raises(SinkBusyError) as caught:
        image_id_of(answer)
    assert caught.value.after_s == seconds
