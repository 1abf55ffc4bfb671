"""Where commands arrive: each is checked, carried out once on a thread of its own, and answered."""

import contextlib
import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from edgedet.clock import Clock
from edgedet.config.section import Section
from edgedet.errors import CommandError, EdgedetError
from edgedet.log import RateLimited
from edgedet.publish.broker import Incoming
from edgedet.publish.commands.memory import CommandMemory, Outcome
from edgedet.publish.commands.replies import Replies, name_of
from edgedet.publish.commands.request import (
    Request,
    UnsoundError,
    read_arguments,
    read_request,
)
from edgedet.publish.exchange import Exchange
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject
from edgedet.publish.topics import Topics
from edgedet.stream.worker import Worker

logger = logging.getLogger(__name__)

_WAITING = 16
_TICK_S = 0.25

Arguments = TypeVar("Arguments", bound=Section)


@dataclass(frozen=True, slots=True)
class _Offer:
    model: type[Section]
    carry_out: Callable[[Section], JsonObject]


class CommandDesk:
    """Takes commands from the exchange, from `start` to `stop`; `offer` comes before."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part by name
        self,
        *,
        origin: Origin,
        topics: Topics,
        allow: Collection[str],
        exchange: Exchange,
        memory: CommandMemory,
        clock: Clock,
        closed: Collection[str] = (),
    ) -> None:
        """Listen for commands; those in `allow` are carried out if somebody offers to.

        No answer goes to a topic in `closed` or below one, whoever asks.
        """
        self._replies = Replies(origin, topics, clock, closed)
        self._allow = frozenset(allow)
        self._exchange = exchange
        self._memory = memory
        self._offers: dict[str, _Offer] = {}
        self._waiting: queue.Queue[Incoming | None] = queue.Queue(_WAITING)  # None: look round
        self._lock = threading.Lock()  # guards _counts
        self._counts: Counter[str] = Counter(ok=0, error=0, duplicate=0, ignored=0)
        self._trouble = RateLimited(logger, clock)
        self._worker = Worker("commands", self._run)
        exchange.listen(topics.command("+"), self.hear)
        exchange.count("commands", self.figures)

    def offer(
        self, name: str, model: type[Arguments], carry_out: Callable[[Arguments], JsonObject]
    ) -> None:
        """Let `carry_out` do what `name` asks for; what it gives back is the answer's `result`.

        It may raise an EdgedetError, which becomes the answer's reason.
        """

        def typed(arguments: Section) -> JsonObject:
            assert isinstance(arguments, model)  # noqa: S101 - read by the same model
            return carry_out(arguments)

        self._offers[name] = _Offer(model, typed)

    def start(self) -> None:
        """Begin to carry out commands."""
        self._worker.start()

    def request_stop(self) -> None:
        """Take up no further command, without waiting for the one in hand."""
        self._worker.request_stop()
        with contextlib.suppress(queue.Full):  # then it is awake anyway
            self._waiting.put_nowait(None)

    def stop(self, timeout_s: float) -> bool:
        """End with the command in hand; whether the thread ended."""
        self.request_stop()
        return self._worker.stop(timeout_s)

    def figures(self) -> JsonObject:
        """How many commands were answered with what, and how many retained ones were ignored."""
        with self._lock:
            return dict(self._counts)

    def hear(self, incoming: Incoming) -> None:
        """Take a command in; on the broker's thread, hence without waiting."""
        if incoming.retain:
            # kept by the broker for whoever comes: nobody can tell when, and for what, it was meant
            self._count("ignored")
            self._trouble.warning(
                "retained", "'%s': a retained command is ignored; publish it anew", incoming.topic
            )
            return
        try:
            self._waiting.put_nowait(incoming)
        except queue.Full:
            reason = f"{_WAITING} commands are waiting already; send it again later"
            self._answer(incoming, _id_of(incoming), "error", reason=reason)

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                incoming = self._waiting.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            if incoming is not None:
                self._serve(incoming)

    def _serve(self, incoming: Incoming) -> None:
        name = name_of(incoming.topic)
        try:
            request = read_request(incoming.payload)
            self._replies.check_response_topic(incoming.response_topic, request.id)
        except UnsoundError as exc:
            self._answer(incoming, exc.id, "error", reason=str(exc))
            return
        known = self._memory.recall(request.id)
        if known is not None:
            result: JsonObject = {"outcome": known.outcome}
            self._answer(incoming, request.id, "duplicate", reason=str(known), result=result)
            return
        try:
            result = self._carry_out(name, request)
        except EdgedetError as exc:
            # one line, whatever the sender wrote
            told = " ".join(str(exc).split())
            logger.warning("command '%s' (%s): %s", name, request.id, told)
            self._answer(incoming, request.id, "error", reason=str(exc))
        else:
            logger.info("command '%s' (%s): done", name, request.id)
            self._answer(incoming, request.id, "ok", result=result)

    def _carry_out(self, name: str, request: Request) -> JsonObject:
        """Do it and give back its result; refusals and failures raise."""
        offer = self._offers.get(name)
        if offer is None or name not in self._allow:
            allowed = ", ".join(sorted(self._allow & self._offers.keys()))
            msg = f"'{name}' is none of the commands that this device takes ({allowed})"
            raise CommandError(msg)
        arguments = read_arguments(offer.model, request.args)
        self._note(request.id, name, "begun")
        outcome: Outcome = "error"
        try:
            result = offer.carry_out(arguments)
            outcome = "ok"
        except EdgedetError:
            raise
        except Exception as exc:
            logger.exception("command '%s' (%s) failed", name, request.id)
            msg = f"internal error: {type(exc).__name__}: {exc}"
            raise CommandError(msg) from exc
        finally:
            self._note(request.id, name, outcome)
        return result

    def _note(self, command_id: str, name: str, outcome: Outcome) -> None:
        try:
            self._memory.note(command_id, name, outcome)
        except OSError as exc:
            if outcome == "begun":
                msg = f"cannot keep its id ({exc.strerror}), so it might be done twice; not done"
                raise CommandError(msg) from exc
            self._trouble.warning("memory", "command '%s': cannot keep its end: %s", name, exc)

    def _answer(
        self,
        incoming: Incoming,
        command_id: str,
        status: str,
        *,
        reason: str = "",
        result: JsonObject | None = None,
    ) -> None:
        self._count(status)
        made = self._replies.make(incoming, command_id, status, reason=reason, result=result)
        self._exchange.post(made)

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1


def _id_of(incoming: Incoming) -> str:
    try:
        return read_request(incoming.payload).id
    except UnsoundError as exc:
        return exc.id
