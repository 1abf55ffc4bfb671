"""From requests to answers: the only file that knows starlette.

Who may ask is decided in `guard.py`, what is answered in `answers.py` and `gallery.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edgedet.errors import SampleError
from edgedet.health.answers import Answer, Answers, error
from edgedet.health.doorman import App, Doorman
from edgedet.health.errands import BusyError, Errands
from edgedet.health.gallery import MAX_VIEWERS, WIDTHS, FullError, Gallery, Viewer, packed
from edgedet.health.guard import Guard
from edgedet.health.samples import SampleAnswers, kept, kept_later, not_kept

logger = logging.getLogger(__name__)

_HEARTBEAT_S = 5.0
_FRAME_WAIT_S = 5.0
_BODY_WAIT_S = 10.0
_WIDTH_DIGITS = 5
_SLOW = error(408, f"the body did not come within {_BODY_WAIT_S:g} s")
_FULL = f"{MAX_VIEWERS} pages are open already; close one"


class Site:
    """From paths to answers."""

    def __init__(
        self, answers: Answers, samples: SampleAnswers, gallery: Gallery, guard: Guard
    ) -> None:
        """Answer whom `guard` lets in."""
        self._guard = guard
        self._answers = answers
        self._samples = samples
        self._gallery = gallery
        self._errands = Errands()

    def close(self) -> None:
        """End what goes on for ever; from any thread."""
        self._gallery.close()

    def stop(self, timeout_s: float) -> bool:
        """End what is done beside the event loop; whether it has. May be called twice."""
        return self._errands.stop(timeout_s)

    def app(self) -> App:
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
            Route("/api/sources/{source}/keep", self._keep, methods=["POST"]),
            Route("/api/samples", self._listed),
            Route("/api/samples/decisions", self._decide, methods=["POST"]),
            Route("/api/samples/{sample}/picture.jpg", self._sample_picture),
        ]
        handlers = {404: _not_found, 500: _failed}
        return Doorman(Starlette(routes=routes, exception_handlers=handlers), self._guard)

    async def _login(self, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _response(_SLOW)
        answer = self._answers.login(body)
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
        width = _width(request.query_params.get("width", ""))
        if request.method == "HEAD":
            return Response(media_type="application/octet-stream")
        try:
            viewer, news = self._join(sources, width)
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

    async def _listed(self, request: Request) -> Response:
        asked = dict(request.query_params)
        return await self._aside(lambda: self._samples.listed(asked))

    async def _sample_picture(self, request: Request) -> Response:
        sample, width = request.path_params["sample"], request.query_params.get("width", "")
        return await self._aside(lambda: self._samples.picture(sample, width))

    async def _decide(self, request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _response(_SLOW)
        return await self._aside(lambda: self._samples.decide(body))

    async def _keep(self, request: Request) -> Response:
        """Keep the next frame of a source: waits a moment for it to come."""
        sources = self._answers.asked_sources(request.path_params["source"])
        if len(sources) != 1:
            return _response(error(404, "there is no such source"))
        asked = self._samples.keep(sources[0])
        if isinstance(asked, Answer):
            return _response(asked)
        try:
            waiting = asyncio.shield(asyncio.wrap_future(asked))  # others may wait for it, too
            return _response(kept(await asyncio.wait_for(waiting, _FRAME_WAIT_S)))
        except asyncio.TimeoutError:
            return _response(kept_later(_FRAME_WAIT_S))
        except SampleError as exc:
            return _response(not_kept(str(exc)))

    async def _aside(self, work: Callable[[], Answer]) -> Response:
        """What `work` answers, without keeping the event loop waiting."""
        try:
            return _response(await self._errands.run(work))
        except BusyError:
            return _response(error(503, "too much is asked at once; try again"))

    def _join(self, sources: tuple[str, ...], width: int) -> tuple[Viewer, asyncio.Event]:
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def notify() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in the meantime
                loop.call_soon_threadsafe(news.set)

        return self._gallery.join(sources, width, notify), news


async def _body(request: Request) -> bytes | None:
    """The body, whose length the guard has seen; None if it does not come, or nobody is there."""
    try:
        return await asyncio.wait_for(request.body(), _BODY_WAIT_S)
    except (asyncio.TimeoutError, ClientDisconnect):
        return None


def _width(asked: str) -> int:
    """The width of pictures that is asked for; the smallest for what is no width."""
    return int(asked) if asked.isdecimal() and len(asked) <= _WIDTH_DIGITS else WIDTHS[0]


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
