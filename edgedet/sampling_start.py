"""Sampling begins once its store can be opened: at the start of the service, or whenever it can.

A disk that is full or read-only keeps no camera from being watched. What is new meanwhile, sources
or a model, holds when sampling begins.
"""

import logging
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock, Deadline
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.detections import SeenFrame
from edgedet.errors import EdgedetError, SampleError
from edgedet.manifest import Manifest
from edgedet.sampling import Sampling
from edgedet.sampling_parts import check_sampling
from edgedet.stream.model import Model
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.worker import StopSignal, Worker

logger = logging.getLogger(__name__)

FIRST_WAIT_S = 5.0
MOST_WAIT_S = 300.0


class SamplingStart:
    """Opens the sampling of an application. All but `start` and `stop` is for any thread."""

    def __init__(
        self, settings: Settings, manifest: Manifest, pipeline: Pipeline, clock: Clock
    ) -> None:
        """Try it once, so that a run of a file misses no frame; nothing where sampling is off.

        Raises:
            ConfigError: if the settings do not fit the model, or need what is not installed.
        """
        self.failed = 0
        """So often it could not begin since the start of the service."""
        self._settings, self._manifest = settings, manifest
        self._pipeline, self._clock = pipeline, clock
        self._trouble = ""
        self._now: Sampling | None = None
        # guards what follows, and that nothing new is missed by a sampling that begins meanwhile
        self._lock = threading.Lock()
        self._sources: Sequence[SourceSettings] = settings.sources
        self._model: Model | None = None
        self._worker = Worker("sampling-start", self._run, clock=clock)
        if not self.is_wanted:
            return
        check_sampling(settings, manifest.class_names)  # whatever the disk does
        pipeline.roster.watch(self.use_model)
        try:
            self._begin()
        except (SampleError, OSError) as exc:
            self._fail(exc)

    @property
    def is_wanted(self) -> bool:
        """Whether the configuration asks for it."""
        return self._settings.sampling.enabled

    @property
    def now(self) -> Sampling | None:
        """Sampling as it runs; None while it does not."""
        return self._now

    @property
    def trouble(self) -> str:
        """Why it has not begun; empty if it has, or is off."""
        return self._trouble

    def set_sources(self, sources: Sequence[SourceSettings]) -> None:
        """Go by these settings of sources from now on."""
        with self._lock:
            self._sources = sources
            if self._now is not None:
                self._now.set_sources(sources)

    def use_model(self, model: Model) -> None:
        """Sample what `model` answers from now on."""
        with self._lock:
            self._model = model
            if self._now is not None:
                self._now.use_model(model)

    def hear(self, seen: SeenFrame, candidates: NDArray[np.float32]) -> None:
        """Learn what a second model saw in a frame; see `Sampler.hear`."""
        if self._now is not None:
            self._now.hear(seen, candidates)

    def start(self) -> None:
        """Start the threads; where sampling could not begin, the one that tries it again."""
        if self._now is not None:
            self._now.start()
        elif self.is_wanted:
            self._worker.start()

    def stop(self, timeout_s: float) -> bool:
        """End; whether it ended."""
        deadline = Deadline(timeout_s, self._clock)
        has_ended = self._worker.stop(deadline.remaining_s())
        return has_ended and (self._now is None or self._now.stop(deadline.remaining_s()))

    def _run(self, stop: StopSignal) -> None:
        wait_s = FIRST_WAIT_S
        while not stop.wait(wait_s):
            wait_s = min(2.0 * wait_s, MOST_WAIT_S)
            try:
                sampling = self._begin()
            except (EdgedetError, OSError) as exc:
                self._fail(exc)
                continue
            sampling.start()
            logger.info("frames are sampled from now on, after %d failures", self.failed)
            return

    def _begin(self) -> Sampling:
        pipeline = self._pipeline
        settings = self._settings
        sampling = Sampling(settings, self._manifest, lambda: pipeline.thresholds, self._clock)
        with self._lock:
            sampling.set_sources(self._sources)
            if self._model is not None:
                sampling.use_model(self._model)
            self._now, self._trouble = sampling, ""
        sampling.listen(pipeline.tap)
        return sampling

    def _fail(self, exc: Exception) -> None:
        self.failed += 1
        if str(exc) != self._trouble:
            logger.error("no frames are sampled: %s; it is tried again", exc)
        self._trouble = str(exc)
