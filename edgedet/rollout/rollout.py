"""What is wanted, from wherever it comes, handed to the machine one after the other.

A command, an operator on this machine, and the retained desired state want models; one change is
made at a time. A rollback ends the one under way, and so does another desired state.
"""

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable

from edgedet.clock import Deadline
from edgedet.errors import CommandError, ModelError
from edgedet.rollout.claim import drop_wish, find_wish
from edgedet.rollout.interruption import Interruption
from edgedet.rollout.journal import Journal
from edgedet.rollout.machine import Machine, Site
from edgedet.rollout.record import Handled, Record, RecordFile, State
from edgedet.rollout.report import PRUNED
from edgedet.rollout.wish import Asker, DesiredModel, Wish, read_desired, wish_back
from edgedet.stream.worker import ErrorCallback, StopSignal, Worker

logger = logging.getLogger(__name__)

_TICK_S = 0.5
_RETRY_S = 60.0  # when nothing can be written down


class Rollout:
    """Changes the model of one service, from `start` to `stop`. All methods are for any thread."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        site: Site,
        file: RecordFile,
        record: Record,
        device: str,
        on_change: Callable[[], object],
        on_error: ErrorCallback | None = None,
    ) -> None:
        """Go on from `record`, kept in `file`; `on_change` is told of every step.

        `device` decides when it is its turn.
        `on_error`: the old model does not serve again, so that only a new start helps.
        """
        self._site = site
        self._device = device
        self._on_change = on_change
        self._journal = Journal(file, record, site.clock, self._changed)
        self._machine = Machine(site, self._journal)
        self._lock = threading.Lock()  # guards _asked, _heard and counts
        self._asked: Wish | None = None
        self._heard: bytes | None = None
        self.counts: Counter[str] = Counter()
        self._desired: DesiredModel | None = None
        self._rest = Deadline(0.0, site.clock)
        self._told = ""
        self._worker = Worker("rollout", self._run, on_error)

    @property
    def record(self) -> Record:
        """How far it is."""
        return self._journal.record

    def start(self) -> None:
        """Begin, with what the run before left unfinished."""
        self._worker.start()

    def request_stop(self) -> None:
        """Begin no further step."""
        self._worker.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End; whether the thread has ended. What is unfinished is gone on with after a start."""
        return self._worker.stop(timeout_s)

    def ask(self, wish: Wish) -> Record:
        """Have `wish` carried out soon, and give back how it is before.

        Raises:
            CommandError: another change is under way, or it may not be asked for.
        """
        try:
            self._site.intake.check(wish)
        except ModelError as exc:
            raise CommandError(str(exc)) from exc
        with self._lock:
            record = self.record
            if (self._asked is not None or not record.state.is_over) and not wish.goes_back:
                to = record.to or str(record.wish or self._asked)
                msg = f"'{to}' is {record.state.value}; wait for its end, or give models-rollback"
                raise CommandError(msg)
            self._asked = wish
        return record

    def ask_for_the_one_before(self, asker: Asker) -> Record:
        """End the change under way, or take the last one back; how it is before.

        Raises:
            CommandError: there is no model before the present one.
        """
        record, active = self.record, self._site.store.active()
        model = record.before if not record.state.is_over else ""
        if record.state.is_over and active is not None and active.history:
            model = active.history[-1]
        if not model:
            msg = "there is no model before the present one; nothing was changed"
            raise CommandError(msg)
        return self.ask(wish_back(model, asker))

    def desire(self, payload: bytes) -> None:
        """Take in the desired state; on the broker's thread, hence without looking at it."""
        with self._lock:
            self._heard = payload

    def turn(self, stop: StopSignal) -> None:
        """Go on with what was left unfinished, by the run before too, or do what is wanted now.

        Raises:
            StuckChangeError: the old model does not serve again.
        """
        if not self._rest.is_over():
            return
        record, machine = self.record, self._machine
        going = Interruption(stop, self._find_reason, self._site.clock)
        try:
            if record.state is State.WATCHING:
                machine.go_on_watching(going)
            elif record.wish is not None and not record.state.is_over:
                machine.carry_out(record.wish, going)
            else:
                self._look_at_desired()
                wish = self._next()
                if wish is not None:
                    machine.carry_out(wish, going)
                else:
                    self._prune()
        except ModelError as exc:
            logger.error("%s; tried again in %.0f s", exc, _RETRY_S)  # noqa: TRY400 - says it all
            self._rest = Deadline(_RETRY_S, self._site.clock)

    def _run(self, stop: StopSignal) -> None:
        while not stop.is_set():
            self.turn(stop)
            stop.wait(_TICK_S)

    def _prune(self) -> None:
        count = self._site.retention.look(self.record)
        with self._lock:
            self.counts[PRUNED] += count

    def _tell_once(self, trouble: str) -> None:
        """What stays as it is, and is seen twice a second, is no news."""
        if trouble != self._told:
            self._told = trouble
            logger.warning("%s", trouble)

    def _changed(self, record: Record) -> None:
        if record.state is State.FETCHING and record.wish is not None and not record.wish.key:
            drop_wish(self._site.store.folder)
        if record.state.is_over:
            with self._lock:
                self.counts[record.state.value] += 1
        self._on_change()

    def _next(self) -> Wish | None:
        """What is to be done now: commands first, then the operator, then the desired state."""
        with self._lock:
            asked, self._asked = self._asked, None
        if asked is not None:
            return asked
        left = find_wish(self._site.store.folder, self._tell_once)
        if left is not None:
            return left  # it is dropped once it is written down elsewhere
        desired, handled = self._desired, self.record.desired
        if desired is None or handled is None or handled.outcome != "waiting":
            return None
        is_due = self._site.clock.utc_now() >= desired.due(handled.seen, self._device)
        return desired.wish() if is_due else None

    def _look_at_desired(self) -> None:
        """Note a desired state that was not seen before; one that was is not looked at again.

        Raises:
            ModelError: it cannot be written down; it is looked at again then.
        """
        with self._lock:
            payload, self._heard = self._heard, None
        if payload is None:
            return
        try:
            self._take_in(payload)
        except ModelError:
            with self._lock:
                self._heard = payload if self._heard is None else self._heard
            raise

    def _take_in(self, payload: bytes) -> None:
        known, now = self.record.desired, self._site.clock.utc_now()
        if not payload:
            self._desired = None
            if known is not None:
                self._note_desired(None)
            return
        try:
            self._desired = read_desired(payload)
            seen = Handled(seen=now, outcome="waiting", **self._desired.named)
        except ModelError as exc:
            self._desired = None
            key = hashlib.sha256(payload).hexdigest()
            seen = Handled(key=key, id="", seen=now, outcome="failed", reason=str(exc))
        if known is None or known.key != seen.key:
            self._note_desired(seen)
        elif known.seen > now or known.model != seen.model or known.sha256 != seen.sha256:
            # the clock was set back, and what is waited for must not be for ever; or written by a
            # version that did not keep which model it is
            same = {"seen": min(known.seen, now), "model": seen.model, "sha256": seen.sha256}
            self._note_desired(known.model_copy(update=same))

    def _note_desired(self, desired: Handled | None) -> None:
        self._journal.amend(desired=desired)
        self._on_change()

    def _find_reason(self) -> str:
        """Why the change under way is not wanted any more; empty if it is."""
        with self._lock:
            heard = self._heard
            goes_back = self._asked is not None and self._asked.goes_back
            self._asked = None if goes_back else self._asked
        left = find_wish(self._site.store.folder, self._tell_once)
        if left is not None and left.goes_back:
            drop_wish(self._site.store.folder)
            goes_back = True
        if goes_back:
            return "somebody asked for the model before"
        wish = self.record.wish
        if heard and wish is not None and wish.asker is Asker.DESIRED and _key(heard) != wish.key:
            return "another model is desired since"
        return ""


def _key(payload: bytes) -> str:
    try:
        return read_desired(payload).key
    except ModelError:
        return ""
