"""Plays a scenario from its start to its end and writes down what came of it."""

import json
import time
from pathlib import Path

from edgedet.errors import SimError
from edgedet.sim.play.always import always_checks
from edgedet.sim.play.look import Finding, Since, describe, look, on_topic
from edgedet.sim.play.report import Entry, Outcome, Report
from edgedet.sim.play.world import World
from edgedet.sim.scenario.matcher import is_match
from edgedet.sim.scenario.rounds import every_step, label_of, steps_in_round
from edgedet.sim.scenario.schema import Scenario
from edgedet.sim.scenario.steps import (
    DEEDS,
    AnyStep,
    ExpectStep,
    NeverStep,
    PauseStep,
    Rate,
    RateStep,
    RepeatStep,
    RuntimeStep,
)

_LOOK_S = 0.1
_LOG_LINES = 12


class Player:
    """Plays one scenario once, in `folder`. For one thread."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        """Prepare."""
        self._scenario = scenario
        self._world = World(scenario, folder)
        head = scenario.head
        self._report = Report(head.name, about=head.about)
        self._begin_s = time.monotonic()
        self._since = Since()
        self._marks = {"start": Since()}
        self._rates: dict[str, float] = {}

    def play(self) -> Report:
        """The report; everybody has ended when it is there.

        Raises:
            SimError: if the scenario cannot be played on this machine.
            ConfigError: if the runtime would not take its configuration.
        """
        self._begin_s = time.monotonic()
        try:
            self._world.start(lambda text: self._note(Outcome.DONE, text))
            steps = every_step(self._steps)
            first = next((step for step in steps if isinstance(step, RuntimeStep)), None)
            if first is None or first.runtime != "start":
                self._note(Outcome.DONE, self._world.tell_runtime("start"))
            self._play_all()
            self._check_always()
        finally:
            self._world.close()
        self._report.duration_s = self._now_s
        return self._report

    def write_messages(self, file: Path) -> None:
        """What was heard, one JSON object a line, times from the start of the scenario."""
        with file.open("w", encoding="utf-8") as lines:
            for heard in self._world.journal.since():
                payload = heard.body
                if payload is None:
                    payload = heard.payload.decode("utf-8", "replace")
                line = {
                    "at_s": round(heard.at_s - self._begin_s, 3),
                    "topic": heard.topic,
                    "qos": heard.qos,
                    "retain": heard.retain,
                    "will": heard.is_will,
                    "payload": payload,
                }
                lines.write(json.dumps(line) + "\n")

    @property
    def _steps(self) -> tuple[AnyStep, ...]:
        return self._scenario.steps

    @property
    def _now_s(self) -> float:
        return time.monotonic() - self._begin_s

    @property
    def _left_s(self) -> float:
        return max(0.0, self._scenario.head.time_limit_s - self._now_s)

    def _note(self, outcome: Outcome, text: str, details: tuple[str, ...] = ()) -> None:
        self._report.entries.append(Entry(self._now_s, outcome, text, details))

    def _play_all(self) -> None:
        for number, step in enumerate(self._steps):
            self._play(step)
            if not self._report.has_passed:
                left = len(self._steps) - number - 1
                if left:
                    self._note(Outcome.SKIPPED, f"the {left} steps that follow")
                said = self._world.runtime.said().splitlines()[-_LOG_LINES:]
                self._note(Outcome.DONE, "last lines of the runtime's log:", tuple(said))
                return

    def _play(self, step: AnyStep, outer: str = "") -> None:
        """Play one step; `outer` is the round that it is in, if it is in one."""
        note = f"  ({step.note})" if step.note else ""
        if isinstance(step, DEEDS):
            self._since = self._here()
            try:
                self._note(Outcome.DONE, self._world.act(step) + note)
            except SimError as exc:
                self._note(Outcome.FAILED, str(exc))
        elif isinstance(step, PauseStep):
            time.sleep(min(step.pause_s, self._left_s))
            self._note(Outcome.DONE, f"pause of {step.pause_s:g} s{note}")
        elif isinstance(step, ExpectStep):
            self._expect(step, note)
        elif isinstance(step, NeverStep):
            self._never(step, note)
        elif isinstance(step, RateStep):
            self._measure(step.rate, note)
        else:
            self._repeat(step, note, outer)
        if step.mark:
            self._marks[step.mark] = self._here()

    def _repeat(self, step: RepeatStep, note: str, outer: str) -> None:
        repeat = step.repeat
        for number in range(1, repeat.times + 1):
            label, begin_s = label_of(number, outer), self._now_s
            if not self._left_s:
                limit_s = self._scenario.head.time_limit_s
                self._note(Outcome.FAILED, f"round {label} is not begun: {limit_s:g} s are over")
                return
            self._note(Outcome.DONE, f"round {label} of {repeat.times}{note}")
            for inner in steps_in_round(step, label):
                self._play(inner, label)
                if not self._report.has_passed:
                    return
            if number < repeat.times:
                rest_s = begin_s + repeat.every_s - self._now_s
                time.sleep(max(0.0, min(rest_s, self._left_s)))

    def _expect(self, step: ExpectStep, note: str) -> None:
        begin_s = self._now_s
        limit_s = min(step.within_s, self._left_s)
        while True:
            finding = self._look(step)
            waited_s = self._now_s - begin_s
            why = self._why_in_vain(step) if not finding.holds else ""
            if finding.holds or why or waited_s >= limit_s:
                break
            self._world.journal.wait(len(self._world.journal), min(_LOOK_S, limit_s - waited_s))
        text = describe(step.expect)
        if finding.holds:
            if step.expect.process is not None and not self._world.runtime.is_alive:
                self._world.expects_runtime = False
            self._note(Outcome.OK, f"{text}, after {waited_s:.1f} s{note}")
        else:
            why = why or f"not within {limit_s:g} s"
            self._note(Outcome.FAILED, f"{text}: {why}{note}", finding.seen)

    def _why_in_vain(self, step: ExpectStep) -> str:
        world = self._world
        if step.expect.process is not None or not world.expects_runtime or world.runtime.is_alive:
            return ""
        return f"the runtime has ended with {world.runtime.exit_code}"

    def _never(self, step: NeverStep, note: str) -> None:
        begin_s = self._now_s
        limit_s = min(step.for_s, self._left_s)
        finding = self._look(step)
        while not finding.holds and self._now_s - begin_s < limit_s:
            self._world.journal.wait(len(self._world.journal), _LOOK_S)
            finding = self._look(step)
        text = f"never {describe(step.never)}"
        if finding.holds:
            self._note(Outcome.FAILED, f"{text}: it was so after {self._now_s - begin_s:.1f} s")
        else:
            self._note(Outcome.OK, f"{text}, for {limit_s:g} s{note}")

    def _measure(self, rate: Rate, note: str) -> None:
        journal, begin_s, begin = self._world.journal, self._now_s, len(self._world.journal)
        time.sleep(min(rate.over_s, self._left_s))
        prefix = self._world.prefix
        count = sum(on_topic(heard, prefix, rate.topic) for heard in journal.since(begin))
        per_s = count / (self._now_s - begin_s)
        text = f"{rate.topic}: {per_s:.2f} messages/s"
        if rate.save_as:
            self._rates[rate.save_as] = per_s
            text += f", saved as {rate.save_as}"
        wrong = []
        if rate.per_s is not None and not is_match(per_s, rate.per_s):
            wrong.append(f"expected {rate.per_s}")
        if rate.of:
            before = self._rates[rate.of]
            ratio = per_s / before if before else 0.0
            text += f", {ratio:.2f} of {rate.of}"
            if not is_match(ratio, rate.ratio):
                wrong.append(f"expected {rate.ratio} of {rate.of}, which was {before:.2f}")
        self._note(Outcome.FAILED if wrong else Outcome.OK, text + note, tuple(wrong))

    def _look(self, step: ExpectStep | NeverStep) -> Finding:
        expectation = step.expect if isinstance(step, ExpectStep) else step.never
        return look(expectation, self._world, self._since, self._marks)

    def _here(self) -> Since:
        return Since(len(self._world.journal), self._world.runtime.said_bytes)

    def _check_always(self) -> None:
        for name, finding in always_checks(self._world):
            if finding is None:
                self._note(Outcome.SKIPPED, f"{name}: needs the package jsonschema")
            else:
                outcome = Outcome.OK if finding.holds else Outcome.FAILED
                self._note(outcome, name, () if finding.holds else finding.seen)
