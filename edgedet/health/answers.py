"""What is answered to which path, as values: no word of the web server in here."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from edgedet.health.base import JsonObject, Vitals
from edgedet.health.documents import health_document, history_document, state_document
from edgedet.health.guard import COOKIE, Guard
from edgedet.health.history import History
from edgedet.health.metrics import CONTENT_TYPE, Exposition
from edgedet.health.page_files import PageFiles
from edgedet.health.verdict import Check, liveness, readiness

_MAX_SILENCE_S = 15.0  # the supervisor looks every second
_SESSION_S = 7 * 24 * 3600
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is there as a whole."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """Where the figures come from. `silence_s` tells how old the latest are."""

    latest: Callable[[], Vitals]
    silence_s: Callable[[], float]
    history: History
    places: Callable[[], Mapping[str, JsonObject]]


class Answers:
    """Answers to everything but streams of pictures. For one thread."""

    def __init__(self, looks: Looks, guard: Guard, files: PageFiles) -> None:
        """Answer from `looks` to those whom `guard` lets in."""
        self._looks = looks
        self._guard = guard
        self._files = files
        self._exposition = Exposition(looks.latest)

    def page(self) -> Answer:
        """The page."""
        return self.asset("index.html")

    def asset(self, name: str) -> Answer:
        """A file of the page."""
        file = self._files.get(name)
        if file is None:
            return error(404, "there is no such file")
        return Answer(file.content, file.content_type, headers={"cache-control": "no-cache"})

    def state(self) -> Answer:
        """Everything that the page shows beside pictures."""
        return as_json(state_document(self._looks.latest(), self._looks.places()))

    def history(self) -> Answer:
        """The curves of the last half hour."""
        ids = [source.status.source_id for source in self._looks.latest().sources]
        return as_json(history_document(self._looks.history.points(), ids))

    def metrics(self) -> Answer:
        """The figures for Prometheus."""
        return Answer(self._exposition.page(), CONTENT_TYPE)

    def healthz(self, headers: Mapping[str, str]) -> Answer:
        """Whether a restart would help."""
        return self._health(liveness, headers)

    def readyz(self, headers: Mapping[str, str]) -> Answer:
        """Whether the job is being done."""
        return self._health(readiness, headers)

    def login(self, body: bytes) -> Answer:
        """A session for whoever has the token."""
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=4).get("token", [""])[0]
        if not self._guard.is_token(given.strip()):
            file = self._files.get("login.html")
            page = b"" if file is None else file.content.replace(b"<!-- failed -->", _WRONG)
            return Answer(page, "text/html; charset=utf-8", 403)
        cookie = (
            f"{COOKIE}={self._guard.open_session()}; Max-Age={_SESSION_S}; Path=/; HttpOnly;"
            " SameSite=Strict"
        )
        return Answer(b"", status=303, headers={"location": "/", "set-cookie": cookie})

    def logout(self, headers: Mapping[str, str]) -> Answer:
        """The end of a session."""
        self._guard.close_session(headers)
        cookie = f"{COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict"
        return Answer(b"", status=303, headers={"location": "/login", "set-cookie": cookie})

    def asked_sources(self, given: str) -> tuple[str, ...]:
        """The sources of a comma-separated list that there are; all, for nothing."""
        known = [source.status.source_id for source in self._looks.latest().sources]
        asked = {name for name in given.split(",") if _ID.fullmatch(name)}
        return tuple(name for name in known if not given or name in asked)

    def _health(
        self, checks_of: Callable[[Vitals], list[Check]], headers: Mapping[str, str]
    ) -> Answer:
        checks = checks_of(self._looks.latest())
        silence_s = self._looks.silence_s()
        is_looking = silence_s < _MAX_SILENCE_S
        reason = "" if is_looking else f"has not looked for {silence_s:.0f} s"
        checks.append(Check("supervisor", is_looking, reason))
        is_ok, body = health_document(checks, is_trusted=self._guard.knows(headers))
        return as_json(body, 200 if is_ok else 503)


_WRONG = b'<p role="alert">That is not the token.</p>'


def as_json(body: JsonObject, status: int = 200) -> Answer:
    """`body` as an answer."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    return Answer(text.encode(), "application/json", status)


def error(status: int, reason: str) -> Answer:
    """An answer that says what is wrong."""
    return as_json({"error": reason}, status)
