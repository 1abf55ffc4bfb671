"""What the answer of a label service means for a sample: pure, shared by the ways to reach one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from edgedet.sample.base import SinkBusyError, SinkClosedError, SinkRefusalError

_SHOWN = 200
_LONGEST_RETRY_S = 3600.0
_CLOSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PAYMENT_REQUIRED}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, what the service said in words, its JSON object, and when it asked to come back."""

    status: int
    message: str
    body: Mapping[str, Any]
    retry_after_s: float | None = None


def answer_of(status: int, content: bytes, retry_after: str | None, now: datetime) -> Answer:
    """The answer in an HTTP response; a body that is no JSON object counts as empty."""
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    error = body.get("error", body.get("message", ""))
    words = error.get("message", "") if isinstance(error, dict) else error
    return Answer(status, " ".join(str(words).split())[:_SHOWN], body, _seconds(retry_after, now))


def image_id_of(answer: Answer) -> tuple[str, bool]:
    """The id of an uploaded picture, and whether the service had it before.

    Had before, it is ours: after a lost answer the same bytes are sent again.

    Raises:
        SinkRefusalError: the service will never take this picture.
        SinkBusyError: it may later; after 409, or an answer that says nothing, this one only.
    """
    image_id = answer.body.get("id")
    is_good = answer.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.CONFLICT)
    if is_good and isinstance(image_id, str) and image_id:
        return image_id, bool(answer.body.get("duplicate")) or answer.status == HTTPStatus.CONFLICT
    if answer.status == HTTPStatus.NOT_FOUND:
        raise SinkClosedError(_told(answer, "there is no such project"))
    if answer.status == HTTPStatus.CONFLICT:
        raise SinkBusyError(_told(answer, "conflict"), is_general=False)
    _raise_unless_done(answer)
    raise SinkBusyError(_told(answer, "an answer without an id"), is_general=False)


def check_annotated(answer: Answer) -> None:
    """Nothing, if the service has the pre-labels now.

    Raises:
        SinkRefusalError: it will never take them.
        SinkBusyError: it may later; after 404 these only: a new picture is not found at once.
    """
    if answer.status == HTTPStatus.NOT_FOUND:
        raise SinkBusyError(_told(answer, "the picture is not there yet"), is_general=False)
    if answer.status == HTTPStatus.CONFLICT:
        if "already annotated" in answer.message.lower():
            return
        raise SinkBusyError(_told(answer, "conflict"), is_general=False)
    _raise_unless_done(answer)
    if not answer.body.get("success"):
        raise SinkBusyError(_told(answer, "an answer without success"), is_general=False)


def check_found(answer: Answer) -> None:
    """Nothing, if what was asked for is there.

    Raises:
        SinkClosedError: it is not, or we are not let in.
        SinkBusyError: it may be later.
        SinkRefusalError: the service does not understand us.
    """
    if answer.status == HTTPStatus.NOT_FOUND:
        raise SinkClosedError(_told(answer, "there is no such project"))
    _raise_unless_done(answer)


def _raise_unless_done(answer: Answer) -> None:
    status = answer.status
    if status in _CLOSED or HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise SinkClosedError(_told(answer, "not let in"))
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise SinkBusyError(_told(answer, "busy"), after_s=answer.retry_after_s)
    if status >= HTTPStatus.BAD_REQUEST:
        raise SinkRefusalError(_told(answer, "refused"))


def _told(answer: Answer, words: str) -> str:
    return f"{words} (status {answer.status}{': ' if answer.message else ''}{answer.message})"


def _seconds(retry_after: str | None, now: datetime) -> float | None:
    """Retry-After in seconds, at most an hour; None if there is none that makes sense.

    Source: RFC 9110, section 10.2.3: seconds, or a date.
    """
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(retry_after)
        except (TypeError, ValueError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_S) if seconds == seconds else None  # noqa: PLR0124 - not a number
