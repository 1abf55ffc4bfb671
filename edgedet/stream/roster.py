"""Which models are loaded, and which of them answers.

One is in use. The one before it may be kept, to go back to, and to answer where the newer one
fails. Others are candidates: loaded, and asked by nobody but a shadow run.
"""

import logging
import threading
from collections.abc import Callable
from itertools import count

from edgedet.clock import Clock, Deadline
from edgedet.errors import ModelError, first_line
from edgedet.rollout.base import RunFigures
from edgedet.stream.model import Model
from edgedet.stream.run_tally import RunTally
from edgedet.stream.runner import Runner

logger = logging.getLogger(__name__)

_IDLE_S = 1.0  # a candidate that does nothing answers at once
_CLOSE_S = 5.0
_MOST_LEFT_BEHIND = 2
_STUCK_S = 0.5  # of a stop, for what hangs anyhow


class Roster:
    """All methods are for any thread; models come and go on one."""

    def __init__(
        self, first: Model, on_death: Callable[[BaseException], None], clock: Clock
    ) -> None:
        """Begin with one model; `on_death` is told when there is none left to answer."""
        self._on_death = on_death
        self._listeners: tuple[Callable[[Model], object], ...] = ()
        self._clock = clock
        self._numbers = count(2)
        self._lock = threading.Lock()  # guards everything below
        self._in_use = Runner("infer", first, self._failed, clock)
        self._former: Runner | None = None
        self._watched = self._in_use.tally
        self._others: list[Runner] = []  # candidates, and those that are on their way out
        self._is_over = False

    @property
    def in_use(self) -> Runner:
        """Whose model frames are painted for."""
        return self._in_use

    @property
    def has_former(self) -> bool:
        """Whether there is a way back."""
        return self._former is not None

    def watch(self, listener: Callable[[Model], object]) -> None:
        """Tell `listener` of a model just before it is used, or just after one is again.

        On any thread: it must be quick. To be called before the first change.
        """
        self._listeners = (*self._listeners, listener)

    def figures(self) -> RunFigures:
        """What the model that took over latest did since then."""
        with self._lock:
            watched = self._watched
        return watched.figures()

    def add(self, model: Model, warm_up_size: int) -> Runner:
        """Begin to load a candidate.

        Raises:
            ModelError: everything is about to end.
        """
        runner = Runner(f"infer-{next(self._numbers)}", model, self._failed, self._clock)
        with self._lock:
            self._others = [each for each in self._others if not each.has_ended]
            stuck = [each for each in self._others if each.worker.stop_requested]
            problem = "the service stops" if self._is_over else ""
            if len(stuck) >= _MOST_LEFT_BEHIND:
                problem = f"{len(stuck)} others hang in their libraries; restart the service"
            if problem:
                msg = f"no model is loaded any more: {problem}"
                raise ModelError(msg)
            self._others.append(runner)
        runner.start(warm_up_size)
        return runner

    def switch(self, runner: Runner) -> None:
        """Use a candidate from the next batch on, and keep the one in use as the former.

        Raises:
            ModelError: it does not answer any more, or is none.
        """
        if runner not in self._others:
            msg = f"model '{runner.model.identity.name}' is no candidate; prepare it again"
            raise ModelError(msg)
        runner.wait_until_loaded(_IDLE_S)
        self.settle()
        runner.tally = RunTally()
        self._tell(runner.model)
        with self._lock:
            self._others.remove(runner)
            self._former, self._in_use = self._in_use, runner
            self._watched = runner.tally
        logger.info("frames go to %s from now on", _name(runner))

    def back(self) -> None:
        """Use the former model again, and free the other; nothing without a former one."""
        with self._lock:
            latter = self._go_back()
            self._watched = self._in_use.tally
        if latter is not None:
            logger.info("frames go to %s again", _name(self._in_use))
            self._tell(self._in_use.model)
            self._free(latter, _CLOSE_S)

    def settle(self) -> None:
        """Free the former model, if there is one."""
        with self._lock:
            former, self._former = self._former, None
            if former is not None:
                self._others.append(former)
        if former is not None:
            self._free(former, _CLOSE_S)

    def release(self, runner: Runner) -> None:
        """Free a candidate; nothing if it is none any more."""
        if runner in self._others:
            self._free(runner, _CLOSE_S)

    def owner_of(self, model: Model) -> Runner:
        """Who answers a batch that was painted for `model`: its own runner, if it still does."""
        with self._lock:
            former = self._former
            return former if former is not None and former.model is model else self._in_use

    def fallback(self, runner: Runner, error: Exception) -> Runner | None:
        """Who answers in place of one that failed, which is freed; None if there is nobody."""
        reason = f"{_name(runner)} failed: {first_line(error)}"
        with self._lock:
            former = self._former
            if former is None or runner not in (former, self._in_use):
                return None
            if runner is former:
                self._former = None
                self._others.append(former)
            else:
                runner.tally.fail(first_line(error))
                self._go_back()
            substitute = self._in_use
        runner.request_stop()  # on whose thread this is: it closes what failed
        logger.error("%s; %s answers instead", reason, _name(substitute))
        self._tell(substitute.model)
        return substitute

    def request_stop(self) -> None:
        """Have every thread end that is not in the middle of something."""
        with self._lock:
            self._is_over = True
            every = (*self._needed(), *self._others)
        for runner in every:
            runner.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End all threads; whether they ended. Those that do not answer frames get little time."""
        deadline = Deadline(timeout_s, self._clock)
        self.request_stop()
        with self._lock:
            needed, others = self._needed(), tuple(self._others)
        ended = [each.stop(deadline.remaining_s()) for each in needed]
        ended += [each.stop(min(_STUCK_S, deadline.remaining_s())) for each in others]
        return all(ended)

    def _tell(self, model: Model) -> None:
        for listener in self._listeners:
            listener(model)

    def _needed(self) -> tuple[Runner, ...]:
        """Those that may have to answer frames; the lock is held."""
        return (self._in_use,) if self._former is None else (self._in_use, self._former)

    def _go_back(self) -> Runner | None:
        """Put the former in use; who was, and is on its way out now. The lock is held."""
        if self._former is None:
            return None
        latter, self._in_use, self._former = self._in_use, self._former, None
        self._in_use.tally = RunTally()
        self._others.append(latter)
        return latter

    def _free(self, runner: Runner, timeout_s: float) -> None:
        if not runner.stop(timeout_s):
            logger.warning("%s hangs and is left behind", _name(runner))
            return
        with self._lock:
            if runner in self._others:
                self._others.remove(runner)

    def _failed(self, runner: Runner, error: BaseException) -> None:
        """A thread has ended with an error: that of a candidate is for who waits for it."""
        with self._lock:
            is_needed = runner in self._needed()
        if is_needed:
            self._on_death(error)


def _name(runner: Runner) -> str:
    model = runner.model.identity
    return f"model {model.name} {model.version}"
