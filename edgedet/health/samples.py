"""What is answered about kept frames: requests are checked here, carried out at the desk.

Nothing that is only read changes anything; what changes something is small, JSON, and named in
`guard.py`. All of it runs on the thread of `errands.py`.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgedet.errors import SampleError, UsageError
from edgedet.health.answers import Answer, as_json, error
from edgedet.health.base import Decision, SampleDesk, SampleQuery

logger = logging.getLogger(__name__)

MAX_LISTED = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_WIDTHS = {"320": 320, "640": 640, "": None}
_MAX_WORD = 200
_NO_STORE = {"cache-control": "no-store"}

_SampleId = Annotated[str, Field(pattern=rf"^{_ID.pattern}$")]


class _DecisionBody(BaseModel):
    """The body of a decision."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Literal["approve", "reject", "undo"]
    ids: Annotated[list[_SampleId], Field(min_length=1, max_length=MAX_LISTED)]
    reason: Annotated[str, Field(max_length=_MAX_WORD)] = ""


class SampleAnswers:
    """Answers about kept frames."""

    def __init__(self, desk: SampleDesk) -> None:
        """Ask `desk`."""
        self._desk = desk

    def listed(self, asked: Mapping[str, str]) -> Answer:
        """The frames that a query names, and how sampling goes."""
        return _told(lambda: as_json(self._desk.listed(_query(asked))))

    def picture(self, sample_id: str, width: str) -> Answer:
        """A picture, as large as it was kept or small enough for a tile."""

        def found() -> Answer:
            if width not in _WIDTHS:
                msg = f"width: expected one of 320, 640 or none, got {width[:20]!r}"
                raise UsageError(msg)
            data = None
            if _ID.fullmatch(sample_id):
                data = self._desk.picture(sample_id, _WIDTHS[width])
            if data is None:
                return error(404, "there is no such picture, or it is gone")
            return Answer(data, "image/jpeg", headers=_NO_STORE)

        return _told(found)

    def decide(self, body: bytes) -> Answer:
        """Carry out a decision; 409 and what was decided before, if it came too late."""

        def decided() -> Answer:
            decision = _decision(body)
            outcome = self._desk.decide(decision)
            is_whole = not outcome["late"] and not outcome["unknown"]
            return as_json(outcome, 200 if is_whole else 409)

        return _told(decided)

    def keep(self, source_id: str) -> "Future[str] | Answer":
        """Ask for the next frame of a source: what comes of it, or why that is impossible."""
        try:
            return self._desk.keep(source_id)
        except (UsageError, SampleError) as exc:
            return error(409, str(exc))


def kept(sample_id: str) -> Answer:
    """The frame that somebody asked for was kept."""
    return as_json({"id": sample_id})


def not_kept(reason: str) -> Answer:
    """It was not."""
    return error(409, reason)


def kept_later(wait_s: float) -> Answer:
    """No frame came that could be kept; the next one will be."""
    return as_json({"id": None, "told": f"no frame within {wait_s:g} s; the next one is kept"}, 202)


def _told(work: Callable[[], Answer]) -> Answer:
    """What `work` answers; what it cannot do, in words."""
    try:
        return work()
    except UsageError as exc:
        return error(400, str(exc))
    except SampleError as exc:
        logger.warning("page: %s", exc)
        return error(503, str(exc))


def _query(asked: Mapping[str, str]) -> SampleQuery:
    """The query of an address.

    Raises:
        UsageError: it makes no sense.
    """
    known = {"ids", "states", "source", "strategy", "before", "limit"}
    unknown = sorted(set(asked) - known)
    if unknown:
        msg = f"{unknown[0][:40]!r} is not known; expected of {', '.join(sorted(known))}"
        raise UsageError(msg)
    limit = asked.get("limit", "0")
    if not limit.isdecimal() or len(limit) > 4 or int(limit) > MAX_LISTED:
        msg = f"limit: expected 0 to {MAX_LISTED}, got {limit[:20]!r}"
        raise UsageError(msg)
    ids = tuple(filter(None, asked.get("ids", "").split(",")))
    wrong = [each for each in ids if not _ID.fullmatch(each)]
    if wrong or len(ids) > MAX_LISTED:
        msg = f"ids: expected at most {MAX_LISTED} ids of samples, with commas between them"
        raise UsageError(msg)
    query = SampleQuery(ids, tuple(filter(None, asked.get("states", "").split(","))))
    return replace(
        query,
        source_id=asked.get("source") or None,
        strategy=asked.get("strategy") or None,
        before=asked.get("before") or None,
        limit=int(limit),
    )


def _decision(body: bytes) -> Decision:
    """The decision of a body.

    Raises:
        UsageError: it is none.
    """
    try:
        found = _DecisionBody.model_validate(json.loads(body))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        msg = f"{where}: {first['msg']}"
        raise UsageError(msg) from exc
    except (ValueError, RecursionError) as exc:
        msg = 'expected JSON such as {"action": "approve", "ids": ["…"]}'
        raise UsageError(msg) from exc
    return Decision(found.action, tuple(found.ids), found.reason)
