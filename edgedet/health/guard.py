"""Who may ask what over HTTP: decisions about a request from its head. Pure but for sessions.

- Without a token only this machine can connect; but a web page that its user has open could ask in
  their name. So the name in `Host` must be this machine's (DNS rebinding), and what other sites'
  pages ask for is refused (`Sec-Fetch-Site`, `Origin`).
- With a token every request has it, as `Authorization: Bearer`, or a session that was opened with
  it. `/healthz` and `/readyz` answer without, in one word.
- What changes something is a POST to one of a few paths, and JSON: a form of another site cannot
  send that, were all of the above to fail.
"""

import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgedet.errors import ConfigError

COOKIE = "edgedet_session"
MIN_TOKEN_CHARS = 16  # too many to be guessed over a network
MAX_BODY_BYTES = 16_384
"""Of a decision about a hundred samples."""
_MAX_TOKEN_BYTES = 4096
_MAX_SESSIONS = 32
_OPEN_PATHS = ("/login", "/healthz", "/readyz")
_FORMS = ("/login", "/logout")
_MAX_FORM_BYTES = 4096
_CHANGES = re.compile(r"/api/samples/decisions|/api/sources/[^/]{1,63}/keep")
_JSON = "application/json"
_OPEN_FOLDER = "/assets/"  # program and style, the same everywhere


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer instead of the one that was asked for; `reason` is for people."""

    status: int
    reason: str


def read_token(path: Path) -> str:
    """The first line of the file at `path`.

    Raises:
        ConfigError: it cannot be read, or is too short to be worth anything.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_TOKEN_BYTES)
        token = content.decode("ascii").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not plain ASCII"
        msg = f"http.token_file: '{path}' cannot be read: {reason}"
        raise ConfigError(msg) from exc
    if len(token) < MIN_TOKEN_CHARS:
        msg = (
            f"http.token_file: the first line of '{path}' has {len(token)} characters; expected"
            f" {MIN_TOKEN_CHARS} or more, as of `openssl rand -hex 16`"
        )
        raise ConfigError(msg)
    return token


class Guard:
    """Decides. For one thread."""

    def __init__(self, token: str | None) -> None:
        """Without a token, whoever can connect may look: only this machine can then."""
        self._token = token
        self._sessions: dict[str, None] = {}

    @property
    def wants_token(self) -> bool:
        """Whether there is a token to be given."""
        return self._token is not None

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Why the request is not answered, or None. Header names in lower case."""
        is_change = _CHANGES.fullmatch(path) is not None
        misuse = _misuse(method, path, headers, is_change=is_change)
        if misuse is not None:
            return misuse
        host = headers.get("host", "")
        if self._token is None and not _is_this_machine(host):
            return Refusal(421, "this server answers to the names of this machine only")
        if _is_cross_site(method, headers, host):
            return Refusal(403, "what other sites' pages ask for is not answered")
        is_open = path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER)
        if not is_open and not self.knows(headers):
            return Refusal(401, "the token is needed: log in, or Authorization: Bearer TOKEN")
        return None

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether the request has the token or a session, or there is none to have."""
        if self._token is None:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.is_token(given.strip()):
            return True
        return _cookie(headers.get("cookie", "")) in self._sessions

    def is_token(self, given: str) -> bool:
        """Whether `given` is the token; takes as long whatever it is."""
        token = self._token or ""
        return bool(token) and hmac.compare_digest(given.encode(), token.encode())

    def open_session(self) -> str:
        """A new session for one who had the token; the oldest makes way."""
        session = secrets.token_urlsafe(32)
        self._sessions[session] = None
        while len(self._sessions) > _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def close_session(self, headers: Mapping[str, str]) -> None:
        """Forget the session of a request."""
        self._sessions.pop(_cookie(headers.get("cookie", "")), None)


def _misuse(
    method: str, path: str, headers: Mapping[str, str], *, is_change: bool
) -> Refusal | None:
    """Why nobody is answered who asks like that, or None."""
    is_post = method == "POST" and (is_change or path in _FORMS)
    if method not in ("GET", "HEAD") and not is_post:
        return Refusal(405, f"{method[:16]} is not answered here")
    most = MAX_BODY_BYTES if is_change else _MAX_FORM_BYTES
    if not _is_small(headers, most):
        return Refusal(413, f"expected a body of at most {most} bytes, and its length")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if is_post and is_change and kind != _JSON:
        return Refusal(415, f"expected content-type: {_JSON}")
    return None


def _is_small(headers: Mapping[str, str], most: int) -> bool:
    """Whether the body is announced, and no longer than `most` bytes."""
    if "transfer-encoding" in headers:
        return False
    length = headers.get("content-length", "0")
    return length.isdecimal() and len(length) < 8 and int(length) <= most


def _is_this_machine(host: str) -> bool:
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_cross_site(method: str, headers: Mapping[str, str], host: str) -> bool:
    """Whether the page of another site asks, for more than to be opened in the browser."""
    site = headers.get("sec-fetch-site", "none")
    is_link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("none", "same-origin") and not is_link:
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != host


def _cookie(header: str) -> str:
    """The session in a Cookie header, or nothing."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
