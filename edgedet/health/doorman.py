"""Between the web server and the site: lets in whom the guard lets in, with caution on the answer.

ASGI as its specification has it, without a library.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from edgedet.health.answers import Answer, error
from edgedet.health.guard import Guard, Refusal

# Source: ASGI specification 3.0, https://asgi.readthedocs.io/en/latest/specs/main.html
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_HEADERS = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        b" connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
}
_CACHE = b"cache-control"


class Doorman:
    """The application around the application."""

    def __init__(self, app: App, guard: Guard) -> None:
        """Let in whom `guard` lets in."""
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or have it answered."""
        if scope["type"] != "http":
            return

        async def cautious(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_caution(list(message.get("headers", ())))
            await send(message)

        headers = _headers_of(scope)
        refusal = self._guard.refusal(scope["method"], scope["path"], headers)
        if refusal is None:
            await self._app(scope, receive, cautious)
            return
        wants_page = scope["path"] == "/" and "text/html" in headers.get("accept", "")
        answer = _refused(refusal, wants_page=wants_page)
        named = {"content-type": answer.content_type, **(answer.headers or {})}
        body = answer.body
        raw = [(name.encode(), value.encode()) for name, value in named.items()]
        raw.append((b"content-length", str(len(body)).encode()))
        start = {"type": "http.response.start", "status": answer.status, "headers": raw}
        await cautious(start)
        await cautious({"type": "http.response.body", "body": body})


def _refused(refusal: Refusal, *, wants_page: bool) -> Answer:
    """A refusal in words; whoever wants the page is shown where the token is given."""
    if refusal.status == 401 and wants_page:
        return Answer(b"", status=303, headers={"location": "/login"})
    return error(refusal.status, refusal.reason)


def _headers_of(scope: Message) -> dict[str, str]:
    """The headers by name in lower case; of one that comes twice the first."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _with_caution(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name.lower() not in _HEADERS]
    if all(name.lower() != _CACHE for name, _ in kept):
        kept.append((_CACHE, b"no-store"))
    return [*kept, *_HEADERS.items()]
