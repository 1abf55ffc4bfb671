"""From requests to answers: the only file that knows starlette.

Who may ask is decided in `guard.py`, what is answered in `answers.py` and `gallery.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgedet.health.answers import Answer, Answers, error
from edgedet.health.gallery import MAX_VIEWERS, WIDTHS, FullError, Gallery, Viewer, packed
from edgedet.health.guard import Guard

logger = logging.getLogger(__name__)

_HEARTBEAT_S = 5.0
_FRAME_WAIT_S = 5.0
_FULL = f"{MAX_VIEWERS} pages are open already; close one"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Site:
    """From paths to answers."""

    def __init__(self, answers: Answers, gallery: Gallery, guard: Guard) -> None:
        """Answer whom `guard` lets in."""
        self._guard = guard
        self._answers = answers
        self._gallery = gallery

    def close(self) -> None:
        """End what goes on for ever; from any thread."""
        self._gallery.close()

    def app(self) -> ASGIApp:
        """The application."""
        answers = self._answers
        plain: dict[str, Callable[[Request], Answer]] = {
            "/": lambda _request: answers.page(),
            "/login": lambda _request: answers.asset("login.html"),
            "/assets/{name}": lambda request: answers.asset(request.path_params["name"]),
            "/api/state": lambda _request: answers.state(),
            "/api/history": lambda _request: answers.history(),
            "/metrics": lambda _request: answers.metrics(),
            "/healthz": lambda request: answers.healthz(request.headers),
            "/readyz": lambda request: answers.readyz(request.headers),
        }
        routes = [Route(path, _endpoint(answer)) for path, answer in plain.items()]
        routes += [
            Route("/login", self._login, methods=["POST"]),
            Route("/logout", self._logout, methods=["POST"]),
            Route("/api/live", self._live),
            Route("/api/sources/{source}/frame.jpg", self._frame),
        ]
        handlers = {404: _not_found, 500: _failed}
        return _Guarded(Starlette(routes=routes, exception_handlers=handlers), self._guard)

    async def _login(self, request: Request) -> Response:
        answer = self._answers.login(await request.body())
        if answer.status == 403:
            peer = request.client.host if request.client else "somebody"
            logger.warning("page: %s gave a wrong token", peer)
            await asyncio.sleep(1.0)
        return _response(answer)

    async def _logout(self, request: Request) -> Response:
        return _response(self._answers.logout(request.headers))

    async def _live(self, request: Request) -> Response:
        """Pictures of several sources over one connection, for a browser opens only six."""
        sources = self._answers.asked_sources(request.query_params.get("sources", ""))
        width = request.query_params.get("width", "")
        if request.method == "HEAD":
            return Response(media_type="application/octet-stream")
        try:
            viewer, news = self._join(sources, int(width) if width.isdecimal() else WIDTHS[0])
        except FullError:
            return _response(error(503, _FULL))
        return StreamingResponse(
            self._pictures(viewer, news),
            media_type="application/octet-stream",
            headers={"cache-control": "no-store"},
        )

    async def _pictures(self, viewer: Viewer, news: asyncio.Event) -> AsyncIterator[bytes]:
        gallery = self._gallery
        try:
            yield packed({})
            while not gallery.is_closed:
                news.clear()
                while (seen := gallery.fetch(viewer)) is not None:
                    yield gallery.part(seen, viewer.width)
                    gallery.sent(viewer, seen.frame.info.source_id)
                try:
                    await asyncio.wait_for(news.wait(), _HEARTBEAT_S)
                except asyncio.TimeoutError:
                    yield packed({})  # so that a peer that is gone is found out
        finally:
            gallery.leave(viewer)

    async def _frame(self, request: Request) -> Response:
        """One picture of one source, at most 1280 pixels wide."""
        sources = self._answers.asked_sources(request.path_params["source"])
        if len(sources) != 1:
            return _response(error(404, "there is no such source"))
        try:
            viewer, news = self._join(sources, WIDTHS[-1])
        except FullError:
            return _response(error(503, _FULL))
        try:
            await asyncio.wait_for(news.wait(), _FRAME_WAIT_S)
        except asyncio.TimeoutError:
            return _response(error(504, f"no picture within {_FRAME_WAIT_S:g} s"))
        finally:
            seen = self._gallery.fetch(viewer)
            self._gallery.leave(viewer)
        if seen is None:
            return _response(error(504, "the picture was lost"))
        data = self._gallery.jpeg(seen, viewer.width)
        return Response(data, media_type="image/jpeg", headers={"cache-control": "no-store"})

    def _join(self, sources: tuple[str, ...], width: int) -> tuple[Viewer, asyncio.Event]:
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def notify() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in the meantime
                loop.call_soon_threadsafe(news.set)

        return self._gallery.join(sources, width, notify), news


class _Guarded:
    """Lets in whom the guard lets in, and puts the headers of caution on every answer."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def cautious(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
                message["headers"] = headers.raw
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._guard.refusal(scope["method"], scope["path"], headers)
        app = self._app
        if refusal is not None:
            wants_page = scope["path"] == "/" and "text/html" in headers.get("accept", "")
            if refusal.status == 401 and wants_page:
                app = RedirectResponse("/login", 303)
            else:
                app = _response(error(refusal.status, refusal.reason))
        await app(scope, receive, cautious)


def _endpoint(
    answer: Callable[[Request], Answer],
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return _response(answer(request))

    return endpoint


def _response(answer: Answer) -> Response:
    return Response(
        answer.body, answer.status, dict(answer.headers or {}), media_type=answer.content_type
    )


def _not_found(_request: Request, _exc: Exception) -> Response:
    return _response(error(404, "there is nothing at this address"))


def _failed(_request: Request, exc: Exception) -> Response:
    logger.error("page: a request could not be answered", exc_info=exc)
    return _response(error(500, "the log says what went wrong"))
