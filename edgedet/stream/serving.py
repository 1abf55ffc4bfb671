"""Batches to the models that they were painted for, one after the other, in order.

Each model that is loaded has a thread of its own, and one of them serves: it takes batches, answers
those of its model, and hands on the rest, with the serving, to the thread whose they are. So models
change between two batches, no frame is answered twice or not at all, and all that a model has
loaded stays on its thread.
"""

import threading
from collections.abc import Callable, Collection
from functools import partial

from edgedet.clock import Clock
from edgedet.detect.base import Detector
from edgedet.errors import ModelError
from edgedet.stream.answer import Answer, Answerer
from edgedet.stream.batch import Batch, BatchItem
from edgedet.stream.batcher import Batcher
from edgedet.stream.channel import Channel
from edgedet.stream.roster import Roster
from edgedet.stream.run_tally import Run
from edgedet.stream.runner import Runner

WantsPictures = Callable[[Collection[BatchItem], float], bool]

_POLL_S = 0.5


class Serving:
    """From batches to answers. `begin` once, then on the threads of the models."""

    def __init__(
        self,
        roster: Roster,
        batcher: Batcher,
        answers: Channel[Answer],
        wants_pictures: WantsPictures,
        clock: Clock,
    ) -> None:
        """Put `answers` to the batches of `batcher`, and close them after the last one.

        `wants_pictures`: whether the pixels of a batch are of use, given the least score that
        counts.
        """
        self._roster = roster
        self._batcher = batcher
        self._answers = answers
        self._wants_pictures = wants_pictures
        self._clock = clock
        self._is_over = threading.Event()

    def begin(self) -> None:
        """Load the model in use, and serve."""
        first = self._roster.in_use
        first.ask(partial(self._serve, first))  # before it may fail to load
        first.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the last batch is answered, or nobody will; whether that is so."""
        return self._is_over.wait(timeout_s)

    def end(self) -> None:
        """Answer nothing more, and let all models go."""
        self._answers.close()
        self._is_over.set()
        self._roster.request_stop()

    def _serve(self, runner: Runner, detector: Detector, batch: Batch | None = None) -> None:
        """Run batches of this model until another one's turn has come, or none is left."""
        while batch is not None or not self._batcher.is_drained:
            runner.worker.beat()
            batch = batch or self._batcher.take(_POLL_S)
            owner = self._roster.owner_of(runner.model if batch is None else batch.model)
            if owner is not runner:
                self._hand_over(owner, batch)
                return
            if batch is None:
                continue
            if batch.model is not runner.model:
                batch.fit(runner.model)  # its own model is gone
            try:
                answer = self._run(runner, detector, batch)
            except Exception as exc:
                substitute = self._roster.fallback(runner, exc)
                if substitute is None:
                    raise
                self._hand_over(substitute, batch)
                return
            self._answers.put(answer)
            batch = None
        self.end()

    def _hand_over(self, owner: Runner, batch: Batch | None) -> None:
        """Have `owner` go on, with a batch that is its own or that nobody else will answer."""
        try:
            owner.ask(partial(self._serve, owner, batch=batch))
        except ModelError:  # it was freed in this moment, unless it is stuck
            if owner is self._roster.in_use:
                raise
            self._hand_over(self._roster.in_use, batch)

    def _run(self, runner: Runner, detector: Detector, batch: Batch) -> Answer:
        start_s = self._clock.monotonic()
        candidates = detector.infer(batch.pictures_nhwc)
        end_s = self._clock.monotonic()
        by = Answerer(runner.model.identity, runner.thresholds, runner.tally)
        is_wanted = self._wants_pictures(batch.items, by.thresholds.score)
        pictures = batch.pictures_nhwc.copy() if is_wanted else None
        answer = Answer(tuple(batch.items), candidates, start_s, end_s, by, pictures)
        by.tally.add_run(Run(start_s, end_s, len(answer.items)))
        self._batcher.give_back(batch, end_s - start_s)
        return answer
