"""What the change of a model knows of whoever runs models: a stage on which two can stand.

Nothing that is asked here makes the cameras wait. All of it is for the thread of the rollout.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edgedet.manifest import Bundle

Pause = Callable[[float], None]
"""Waits for so many seconds. What it raises, because there is something else to do, is let pass."""


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Frames of a source that were answered, and the objects in them."""

    frames: int
    objects: int


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What a model did since it took over, or in a shadow run.

    `errors` of `batches` were not answered by it. `infer_s`: seconds inside the backend for all
    `pictures`; half of them took `p50_s` each at most, 99 of 100 `p99_s`. `failure`: it was taken
    out at once, and why.
    """

    pictures: int = 0
    batches: int = 0
    errors: int = 0
    infer_s: float = 0.0
    p50_s: float = 0.0
    p99_s: float = 0.0
    sources: Mapping[str, SourceFigures] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ShadowFigures:
    """Two models before the same frames. `agreed` of `compared` objects were seen by both.

    The same object: the same class, and an IoU of 0.5 or more. Each object of either model counts,
    so that one that both see counts twice; classes that one of them does not know do not count.
    """

    old: RunFigures
    new: RunFigures
    agreed: int
    compared: int


class Candidate(Protocol):
    """A model that is loaded and does not serve."""

    @property
    def backend(self) -> str:
        """What it runs on."""
        ...

    def golden_deviation(self) -> str:
        """How its answers to its golden pictures differ, in words; empty if they do not.

        Raises:
            ModelError: it fails, or takes too long.
        """
        ...


class Stage(Protocol):
    """Where models are prepared, compared and exchanged.

    More methods than the usual four: there is one stage, and the order of its acts is the rollout.
    """

    def prepare(self, bundle: Bundle, pause: Pause | None = None) -> Candidate:
        """Load `bundle` beside the model in use; may take minutes, where an engine is built.

        It is tried in a process of its own first, which a model that crashes takes with it.
        `pause` is called now and then meanwhile.

        Raises:
            ModelError: it crashes, answers wrongly, or does not load in time; nothing is left.
        """
        ...

    def shadow(self, candidate: Candidate, seconds: float, pause: Pause) -> ShadowFigures:
        """Show it copies of live frames, a few a second; what both models made of them.

        A picture that it fails to answer counts among its errors, and ends the run.

        Raises:
            ModelError: it hangs; it is to be released.
        """
        ...

    def switch(self, candidate: Candidate) -> None:
        """Have it serve from the next batch on; the old model is kept, to go back to.

        Each frame is answered once, by one or the other. When it fails to answer a batch before it
        has settled, the old one answers that and all that follow: see `RunFigures.failure`.

        Raises:
            ModelError: it cannot serve any more; the old one goes on.
        """
        ...

    def back(self) -> None:
        """Have the old model serve again from the next batch on, and free the new one.

        Nothing happens where no old model is kept.
        """
        ...

    def settle(self) -> None:
        """Free the old model; there is no way back without loading it anew."""
        ...

    def release(self, candidate: Candidate) -> None:
        """Free a candidate that will not serve; one that hangs is left behind, and logged."""
        ...

    def figures(self) -> RunFigures:
        """What the model in use did since it took over.

        Once the old model had to take its place: what the new one did until then.
        """
        ...
