"""From a wish to a model that serves, or to the reason why it does not: one step after the other.

Each step is written down before it is taken. All of it runs on one thread, beside the model in use,
which serves on whatever comes of it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgedet.clock import Clock, Deadline
from edgedet.config.rollout import RolloutSettings
from edgedet.errors import EdgedetError, ModelError, first_line
from edgedet.manifest import Bundle
from edgedet.models.store import ModelStore
from edgedet.rollout.base import Candidate, ShadowFigures, Stage
from edgedet.rollout.intake import Intake
from edgedet.rollout.interruption import InterruptedChangeError, Interruption
from edgedet.rollout.journal import Journal
from edgedet.rollout.judge import baseline_of, judge_shadow, judge_watch
from edgedet.rollout.record import Record, State
from edgedet.rollout.retention import Retention
from edgedet.rollout.wish import Wish

logger = logging.getLogger(__name__)

_LOOKS = 100  # at the figures, while a model is watched
_LOOK_S = (0.5, 10.0)


class StuckChangeError(EdgedetError):
    """The old model does not serve again: only a new start of the service helps."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where models are changed: what is installed, what is written down, who looks at frames."""

    store: ModelStore
    configured: Bundle
    stage: Stage
    intake: Intake
    settings: Callable[[], RolloutSettings]
    """Those that hold now; a shadow run and a watch keep those that they began with."""
    retention: Retention
    clock: Clock


class Machine:
    """Carries out one wish at a time. For one thread."""

    def __init__(self, site: Site, journal: Journal) -> None:
        """Go on from what is in the journal."""
        self._site = site
        self._journal = journal
        self._candidate: Candidate | None = None
        self._has_switched = False  # in this run, so that the old model is still at hand
        self._added = ""  # what was installed for this change, and goes again if it is no good

    @property
    def record(self) -> Record:
        """How far it is."""
        return self._journal.record

    def carry_out(self, wish: Wish, going: Interruption) -> None:
        """Have the model that is wished for serve, or not; the record says how it went.

        Raises:
            ModelError: nothing can be written down, so that nothing was done.
            StuckChangeError: the old model does not serve again.
        """
        desired = self.record.desired
        if desired is not None and desired.key == wish.key:
            desired = desired.model_copy(update={"outcome": "begun", "reason": ""})
        self._journal.note(
            State.FETCHING,
            wish=wish,
            before=self.record.serving,
            to=wish.model,
            reason="",
            figures={},
            baseline=None,
            configured_sha256=self._site.configured.digest,
            desired=desired,
        )
        self._guard(lambda: self._take_over(wish, going))

    def go_on_watching(self, going: Interruption) -> None:
        """Watch a model that was being watched when the run before ended."""
        self._guard(lambda: self._watch(going))

    def _guard(self, act: Callable[[], None]) -> None:
        """Whatever goes wrong, the model that served before does afterwards."""
        try:
            act()
        except StuckChangeError:
            raise
        except InterruptedChangeError as exc:
            if not exc.is_stop:
                self._give_up(State.WITHDRAWN, str(exc))
            elif not self._has_switched:
                self._release()
        except EdgedetError as exc:
            self._give_up(State.REFUSED, str(exc))
        except Exception as exc:
            logger.exception("the change of the model failed")
            self._give_up(State.REFUSED, f"{type(exc).__name__}: {first_line(exc)}")

    def _take_over(self, wish: Wish, going: Interruption) -> None:
        site = self._site
        site.intake.check(wish)
        folder = site.intake.fetched(wish, lambda _what, _count: going.check())
        self._journal.note(State.VERIFYING)
        used = site.store.bundle_of(self.record.serving, site.configured)
        known = {each.id for each in site.store.installed()}
        found = site.intake.verified(wish, folder, used)
        self._added = "" if found.id in known else found.id
        if found.id == self.record.serving and wish.activates:
            self._journal.note(State.SETTLED, to=found.id, reason="it is in use already")
            return
        going.check()
        self._journal.note(State.PREPARING, to=found.id)
        self._candidate = site.stage.prepare(found.bundle, going.pause)
        going.check()
        self._journal.note(State.PROVING)
        self._prove(self._candidate)
        if not wish.activates:
            self._release()
            self._journal.note(State.INSTALLED)
            return
        if not wish.goes_back:
            self._shadow(self._candidate, going)
        self._switch(self._candidate, wish)
        if wish.goes_back:
            self._settle()
        else:
            self._watch(going)

    def _prove(self, candidate: Candidate) -> None:
        deviation = candidate.golden_deviation()
        if deviation:
            msg = f"it answers wrongly on {candidate.backend}: {deviation}"
            raise ModelError(msg)

    def _shadow(self, candidate: Candidate, going: Interruption) -> None:
        """Let it look at the frames that the model in use looks at, and hold it against that."""
        alone = self._site.stage.figures()
        settings = self._site.settings()
        seconds = settings.shadow_s
        shadow: ShadowFigures | None = None
        if seconds:
            self._journal.note(State.SHADOW)
            shadow = self._site.stage.shadow(candidate, seconds, going.pause)
            going.check()
            verdict = judge_shadow(shadow, settings.band)
            self._journal.amend(figures=dict(verdict.figures))
            if verdict.reason:
                raise ModelError(verdict.reason)
        self._journal.amend(baseline=baseline_of(alone, shadow))

    def _switch(self, candidate: Candidate, wish: Wish) -> None:
        site = self._site
        self._journal.note(State.SWITCHING)
        site.stage.switch(candidate)
        self._has_switched = True
        now = site.clock.utc_now()
        if wish.goes_back:
            site.store.put_back(self.record.to, site.configured, now, wish.asker.value)
        else:
            site.store.activate(self.record.to, site.configured, now, wish.asker.value)

    def _watch(self, going: Interruption) -> None:
        settings = self._site.settings()
        watch_s = 60.0 * settings.watch_minutes
        deadline = Deadline(watch_s, self._site.clock)
        self._journal.note(State.WATCHING)
        while True:
            verdict = judge_watch(self._site.stage.figures(), self.record.baseline, settings.band)
            if verdict.reason:
                self._return(State.ROLLED_BACK, verdict.reason, verdict.figures)
                return
            if deadline.is_over():
                self._settle(verdict.figures)
                return
            going.pause(min(max(watch_s / _LOOKS, _LOOK_S[0]), _LOOK_S[1], deadline.remaining_s()))

    def _settle(self, figures: Mapping[str, float] | None = None) -> None:
        figures = {**self.record.figures, **(figures or {})}
        to = self.record.to
        self._journal.note_the_end(State.SETTLED, serving=to, reason="", figures=figures)
        self._candidate, self._has_switched, self._added = None, False, ""
        try:
            self._site.stage.settle()
        except Exception:
            logger.exception("the old model could not be closed")

    def _return(self, state: State, reason: str, figures: Mapping[str, float]) -> None:
        """Let the old model serve again, whether that can be written down or not."""
        site = self._site
        figures = {**self.record.figures, **figures}
        self._journal.note_the_end(State.RETURNING, reason=reason, figures=figures)
        try:
            self._bring_back()
        except Exception as exc:
            msg = f"the model before does not serve again: {first_line(exc)}"
            raise StuckChangeError(msg) from exc
        self._candidate, self._has_switched = None, False
        now = site.clock.utc_now()
        before = self.record.before
        try:
            site.store.put_back(before, site.configured, now, reason)
        except ModelError as exc:
            logger.error("%s", exc)  # noqa: TRY400 - the message says it all
        self._journal.note_the_end(state, reason=reason)
        self._discard()

    def _bring_back(self) -> None:
        site = self._site
        if self._has_switched:
            site.stage.back()
            return
        # the service was started anew since, with the new model alone
        old = site.store.whole(self.record.before, site.configured)
        site.stage.switch(site.stage.prepare(old))
        site.stage.settle()

    def _give_up(self, state: State, reason: str) -> None:
        serves = self._has_switched or self.record.state is State.WATCHING
        if serves and not self.record.state.is_over:
            is_withdrawn = state is State.WITHDRAWN
            self._return(state if is_withdrawn else State.ROLLED_BACK, reason, {})
        else:
            self._release()
            self._journal.note_the_end(state, reason=reason)
            self._discard()

    def _discard(self) -> None:
        """Remove what was installed for a change that came to nothing, as it can be had again."""
        added, self._added = self._added, ""
        if not added:
            return
        try:
            self._site.store.remove(added)
        except (ModelError, OSError) as exc:
            logger.warning("'%s' stays installed: %s", added, exc)

    def _release(self) -> None:
        if self._candidate is not None:
            self._site.stage.release(self._candidate)
            self._candidate = None
