"""Takes approved samples to their sink, one after the other, until each has reached its end.

All that counts is in the ledger: after a kill it goes on with the step that was not written down,
and does that one again, which no sink minds. How long to wait is kept in memory alone.
"""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgedet.clock import Clock
from edgedet.errors import SampleError
from edgedet.log import RateLimited
from edgedet.sample.audit import Audit
from edgedet.sample.base import (
    Parcel,
    Sample,
    SampleSink,
    SinkBusyError,
    SinkClosedError,
    SinkRefusalError,
    State,
)
from edgedet.sample.picture import renumbered
from edgedet.sample.store import SampleStore, remove_files

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
CLOSED_WAIT_S = 60.0
"""Before a wrong key, say, is tried again: somebody may have changed the file."""
MOST_ATTEMPTS = 15
"""Of a step that fails for this sample only; with doubling waits that is a good hour."""
_IDLE_S = 2.0  # how soon an approval by another process is seen
_SHORTEST_WAIT_S = 1.0  # whatever the sink says
_LOOK_AHEAD = 64
_TROUBLE_S = 300.0
_UNDER_WAY = (State.APPROVED, State.UPLOADED, State.ANNOTATED)


class Uploader:
    """Works through the store. `step` and `run` on one thread; `close` from any."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        store: SampleStore,
        audit: Audit,
        sink: SampleSink,
        *,
        class_names: tuple[str, ...],
        device: str,
        sends_prelabels: bool,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Send to `sink`; batches are called after `device`, source and day."""
        self._store = store
        self._audit = audit
        self._sink = sink
        self.class_names = class_names
        self._device = device
        self._sends_prelabels = sends_prelabels
        self._clock = clock
        self._chance = chance
        self._trouble = RateLimited(logger, clock, _TROUBLE_S)
        self._later_s: dict[str, float] = {}
        self._closed_until_s = float("-inf")
        self._failures = 0
        self.trouble = ""
        """Why nothing goes out now; empty: all is well."""

    def run(self, stop: threading.Event, between: Callable[[], None] = lambda: None) -> None:
        """Send until `stop`; for a worker. `between` is done after each, and while it waits."""
        while not stop.is_set():
            between()
            if not self._guarded_step():
                stop.wait(_IDLE_S)

    def finish(self, is_over: Callable[[], bool]) -> None:
        """Send what is left while the sink takes it and `is_over` does not say to end."""
        while not is_over() and not self.trouble and self._guarded_step():
            pass

    def step(self) -> bool:
        """Take one sample one step on; False if there is none to take now.

        Raises:
            SampleError: the ledger cannot be written.
        """
        now_s = self._clock.monotonic()
        if now_s < self._closed_until_s:
            return False
        waiting = self._store.ledger.samples(_UNDER_WAY, limit=_LOOK_AHEAD + len(self._later_s))
        sample = next((s for s in waiting if self._later_s.get(s.id, now_s) <= now_s), None)
        if sample is None:
            return False
        if sample.state is State.APPROVED:
            self._attempt(sample, "upload", self._upload)
        elif sample.state is State.UPLOADED and sample.objects and self._sends_prelabels:
            self._attempt(sample, "annotate", self._annotate)
        elif sample.state is State.UPLOADED:
            self._store.ledger.change(sample.id, (State.UPLOADED,), state=State.ANNOTATED)
        else:
            self._end(sample)
        return True

    def close(self) -> None:
        """Let go of the sink, and of a request that is under way."""
        self._sink.close()

    def _guarded_step(self) -> bool:
        try:
            return self.step()
        except SampleError as exc:
            self._trouble.warning("ledger", "samples are not sent: %s", exc)
            return False

    def _attempt(self, sample: Sample, action: str, send: Callable[[Sample], str]) -> None:
        """Send, with a line in the audit before and after, and see what the sink says."""
        line = self._audit.begin(sample, action, self._sink.target)
        try:
            outcome = send(sample)
        except SinkRefusalError as exc:
            self._audit.end(line, f"refused: {exc}")
            self._give_up(sample, str(exc))
        except SinkBusyError as exc:
            self._audit.end(line, f"not now: {exc}")
            self._wait(sample, exc)
        else:
            self._audit.end(line, outcome)
            self._later_s.pop(sample.id, None)
            self._failures, self.trouble = 0, ""

    def _upload(self, sample: Sample) -> str:
        receipt = self._sink.upload(self._parcel(sample))
        place = receipt.place or self._store.path_of(sample)
        if not self._store.move(
            sample,
            place,
            (State.APPROVED,),
            State.UPLOADED,
            remote_id=receipt.remote_id,
            attempts=0,
        ):
            if receipt.place is not None:
                remove_files(receipt.place)
            return "sent, and withdrawn meanwhile"
        return "sent; it was there before" if receipt.was_there else "sent"

    def _annotate(self, sample: Sample) -> str:
        self._sink.annotate(self._parcel(sample), sample.remote_id)
        self._store.ledger.change(sample.id, (State.UPLOADED,), state=State.ANNOTATED, attempts=0)
        return "sent"

    def _end(self, sample: Sample) -> None:
        """Done: the picture goes, unless the sink is where it lies."""
        lies_at_sink = sample.place is not None and Path(sample.place).is_absolute()
        place = self._store.path_of(sample) if lies_at_sink else None
        self._store.move(sample, place, (State.ANNOTATED,), State.DONE)

    def _give_up(self, sample: Sample, reason: str) -> None:
        """A refused picture ends here; one whose pre-labels are refused is there all the same."""
        self._later_s.pop(sample.id, None)
        if sample.state is State.APPROVED:
            self._store.refuse(sample, reason)
            logger.warning("%s will not be sent: %s", sample.id, reason)
            return
        remark = f"without pre-labels: {reason}"
        self._store.ledger.change(
            sample.id, (State.UPLOADED,), state=State.ANNOTATED, reason=remark
        )
        logger.warning("%s was sent without pre-labels: %s", sample.id, reason)

    def _wait(self, sample: Sample, exc: SinkBusyError) -> None:
        """Let this sample wait, or all of them."""
        now_s = self._clock.monotonic()
        if exc.is_general:
            self._failures += 1
            wait_s = self._pause_s(self._failures)
            if exc.after_s is not None:
                wait_s = max(exc.after_s, _SHORTEST_WAIT_S)
            if isinstance(exc, SinkClosedError):
                wait_s = max(wait_s, CLOSED_WAIT_S)
            self._closed_until_s = now_s + wait_s
            self.trouble = str(exc)
            self._trouble.warning(
                "sink", "%s: %s; trying again in %.0f s", self._sink.target, exc, wait_s
            )
            return
        attempts = sample.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            self._give_up(sample, f"{exc}, {attempts} times")
            return
        self._store.ledger.change(sample.id, (sample.state,), attempts=attempts)
        self._later_s[sample.id] = now_s + self._pause_s(attempts)

    def _pause_s(self, failures: int) -> float:
        """Doubling from two seconds to five minutes, half of it by chance, so fleets spread."""
        whole_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 16))
        return whole_s * (0.5 + 0.5 * self._chance())

    def _parcel(self, sample: Sample) -> Parcel:
        picture = self._store.path_of(sample)
        if picture is None:
            if sample.state is State.APPROVED:
                msg = "its picture is gone"
                raise SinkRefusalError(msg)
            picture = Path(f"{sample.id}.jpg")
        batch = f"{self._device}-{sample.source_id}-{sample.captured[:10]}"
        objects, names = renumbered(sample.objects, self.class_names)
        return Parcel(replace(sample, objects=objects), picture, batch, names)
