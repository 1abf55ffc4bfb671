"""Who may still keep a frame: limits over any minute, hour or day, over restarts and clock steps.

Windows roll: no 24 hours, wherever they begin, have more frames than a daily limit says. What was
spent is in the ledger with its time. When the wall clock steps, these times step with it, so that a
device that boots in 1970 and then finds a time server has not gained a day. What a clock that was
set back between two runs leaves in the future counts as spent now. Both err on the side of keeping
less.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgedet.clock import Clock
from edgedet.config.sampling import LimitSettings, SamplingSettings
from edgedet.sample.ledger import Ledger

PERIOD_S = {"minutely": 60.0, "hourly": 3600.0, "daily": 86_400.0}
NO_CLASS = ""
"""Whose budget pays for a frame that is not kept for what is seen in it."""
_OWNERS = {"device": "''", "source": "source_id", "class": "class_name"}
_STEP_S = 0.25  # a wall clock that is corrected by less than this did not step
_SLACK = (2.0, 1e-3)  # seconds, or part of a window, for what such corrections add up to
_ANY = ""
"""The strategy of a row that stands for all credit that there was; no strategy is called so."""
_SUM = "COALESCE(SUM(CASE strategy WHEN ? THEN ? ELSE 1 END), 0)"
_FORGET_S = 2 * PERIOD_S["daily"]


@dataclass(frozen=True, slots=True)
class Use:
    """What is spent of a limit, by who has it: sources, classes, or "" for the device.

    `strategy` is None for a limit over all of them.
    """

    strategy: str | None
    limit: LimitSettings
    spent: Mapping[str, int]


def note_unknown(connection: sqlite3.Connection, now_s: float) -> None:
    """Write down that nobody knows what was spent before `now_s`: all that was to be had."""
    connection.execute(
        "INSERT INTO spending VALUES (?, ?, ?, ?)", (now_s, _ANY, NO_CLASS, NO_CLASS)
    )


class Budget:
    """What is left, by the ledger. One thread."""

    def __init__(self, ledger: Ledger, general: Sequence[LimitSettings], clock: Clock) -> None:
        """`general` limits hold for all strategies together."""
        self._ledger = ledger
        self._general = tuple(general)
        self._clock = clock
        self._utc_s, self._monotonic_s = self._utc_now_s(), clock.monotonic()
        self._shift(0.0)

    def follow_clock(self) -> None:
        """See whether the wall clock stepped since the last time, and step with it.

        To be called often: a step that nobody saw before the process ends is taken for time.
        """
        utc_s, monotonic_s = self._utc_now_s(), self._clock.monotonic()
        step_s = (utc_s - self._utc_s) - (monotonic_s - self._monotonic_s)
        if abs(step_s) > _STEP_S:
            self._shift(step_s)
            self._utc_s, self._monotonic_s = utc_s, monotonic_s

    def payer(
        self,
        strategy: str,
        limits: Sequence[LimitSettings],
        source_id: str,
        class_names: Iterable[str],
    ) -> str | None:
        """The class that can pay for a frame, the first of `class_names` with credit left.

        `NO_CLASS` where there are no classes; None: there is no credit.
        """
        self.follow_clock()
        now_s = self._utc_now_s()
        own = [(limit, strategy) for limit in limits]
        rules: list[tuple[LimitSettings, str | None]] = [
            *own,
            *((limit, None) for limit in self._general),
        ]
        for name in tuple(class_names) or (NO_CLASS,):
            if all(
                self._spent(limit, now_s, whose, source_id, name) < limit.value
                for limit, whose in rules
            ):
                return name
        return None

    def spend(self, strategy: str, source_id: str, class_name: str) -> None:
        """Pay for a frame; part of the transaction that keeps it."""
        # by the clock as it was when credit was asked for: if it stepped since, this does with it
        now_s = self._utc_s + (self._clock.monotonic() - self._monotonic_s)
        with self._ledger.writing() as connection:
            connection.execute(
                "INSERT INTO spending VALUES (?, ?, ?, ?)",
                (now_s, strategy, source_id, class_name),
            )
            connection.execute("DELETE FROM spending WHERE at_s < ?", (now_s - _FORGET_S,))

    def _spent(
        self,
        limit: LimitSettings,
        now_s: float,
        strategy: str | None,
        source_id: str,
        class_name: str,
    ) -> int:
        terms = {"strategy": strategy}
        if limit.per == "source":
            terms["source_id"] = source_id
        if limit.per == "class":
            terms["class_name"] = class_name
        given = {name: value for name, value in terms.items() if value is not None}
        where = "".join(f" AND {name} = ?" for name in given)
        query = f"SELECT {_SUM} FROM spending WHERE at_s > ? AND (strategy = ? OR (1{where}))"  # noqa: S608 - own words
        values: tuple[str | float, ...] = (
            _ANY,
            limit.value,
            now_s - _window_s(limit),
            _ANY,
            *given.values(),
        )
        return int(self._ledger.reading(query, values)[0][0])

    def _shift(self, step_s: float) -> None:
        with self._ledger.writing() as connection:
            connection.execute(
                "UPDATE spending SET at_s = MIN(at_s + ?, ?) WHERE ? != 0 OR at_s > ?",
                (step_s, self._utc_now_s(), step_s, self._utc_now_s()),
            )

    def _utc_now_s(self) -> float:
        return self._clock.utc_now().timestamp()


def _window_s(limit: LimitSettings) -> float:
    """How long a frame counts: a little longer than the limit says, for certainty."""
    seconds, part = _SLACK
    return PERIOD_S[limit.type] + max(seconds, part * PERIOD_S[limit.type])


def uses(ledger: Ledger, settings: SamplingSettings, now_s: float) -> list[Use]:
    """What is spent of every limit in the settings, at a moment in seconds of UTC. For any thread.

    Raises:
        SampleError: the ledger cannot be read.
    """
    rules = [(each.name, limit) for each in settings.strategies for limit in each.limits]
    general = [(None, limit) for limit in settings.limits]
    found = []
    for strategy, limit in (*rules, *general):
        owner = _OWNERS[limit.per]
        where, values = (
            ("", ()) if strategy is None else (" AND strategy IN (?, ?)", (strategy, _ANY))
        )
        rows = ledger.reading(
            f"SELECT {owner}, {_SUM} FROM spending WHERE at_s > ?{where} GROUP BY 1",  # noqa: S608
            (_ANY, limit.value, now_s - _window_s(limit), *values),
        )
        found.append(Use(strategy, limit, {str(row[0]): int(row[1]) for row in rows}))
    return found
