"""What left the device: a line before each attempt, and on it afterwards what became of it.

Written before, as a cut between the two must not hide that something was sent.
"""

from dataclasses import dataclass

from edgedet.clock import Clock, utc_text
from edgedet.sample.base import Sample
from edgedet.sample.ledger import Ledger

UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One attempt. `outcome` is empty where the device was cut off before it knew."""

    number: int
    at: str
    sample_id: str
    sha256: str
    action: str
    target: str
    size_bytes: int
    outcome: str


class Audit:
    """The lines, in the ledger's file. Nothing removes any."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        """Write into `ledger`."""
        self._ledger = ledger
        self._clock = clock

    def begin(self, sample: Sample, action: str, target: str) -> int:
        """Write down that something is about to leave; the number of the line."""
        now = utc_text(self._clock.utc_now())
        with self._ledger.writing() as connection:
            done = connection.execute(
                "INSERT INTO audit (at, sample_id, sha256, action, target, size_bytes, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, sample.id, sample.sha256, action, target, sample.size_bytes, UNKNOWN),
            )
            return int(done.lastrowid or 0)

    def end(self, number: int, outcome: str) -> None:
        """Write down what became of it."""
        with self._ledger.writing() as connection:
            connection.execute("UPDATE audit SET outcome = ? WHERE number = ?", (outcome, number))

    def lines(self, sample_id: str | None = None) -> list[AuditLine]:
        """All lines, oldest first, or those of one sample."""
        if sample_id is None:
            rows = self._ledger.reading("SELECT * FROM audit ORDER BY number")
        else:
            query = "SELECT * FROM audit WHERE sample_id = ? ORDER BY number"
            rows = self._ledger.reading(query, (sample_id,))
        return [AuditLine(**dict(row)) for row in rows]
