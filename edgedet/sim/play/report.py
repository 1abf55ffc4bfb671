"""What came of a scenario: a timeline for people, an object for programs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(str, Enum):
    """What became of one entry."""

    DONE = "done"
    OK = "ok"
    FAILED = "FAILED"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `details` is what a person needs to understand a failure."""

    at_s: float
    outcome: Outcome
    text: str
    details: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """The whole; `file` is where the scenario came from."""

    scenario: str
    file: str = ""
    about: str = ""
    entries: list[Entry] = field(default_factory=list)
    duration_s: float = 0.0
    kept: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether nothing failed."""
        return all(entry.outcome is not Outcome.FAILED for entry in self.entries)

    @property
    def checks(self) -> Sequence[Entry]:
        """The entries that checked something."""
        return [e for e in self.entries if e.outcome in {Outcome.OK, Outcome.FAILED}]

    def to_text(self) -> str:
        """For people."""
        lines = [f"{self.scenario}: {' '.join(self.about.split())}"]
        for entry in self.entries:
            lines.append(f"{entry.at_s:8.2f} s  {entry.outcome.value:<8} {entry.text}")
            lines += [f"{'':21}{line}" for line in entry.details]
        failed = sum(entry.outcome is Outcome.FAILED for entry in self.checks)
        verdict = f"FAILED, {failed} of" if failed else "passed,"
        lines.append(f"{verdict} {len(self.checks)} checks in {self.duration_s:.1f} s")
        if self.kept:
            lines.append(f"kept in {self.kept}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "scenario": self.scenario,
            "file": self.file,
            "passed": self.has_passed,
            "duration_s": round(self.duration_s, 2),
            "kept": self.kept or None,
            "timeline": [
                {
                    "at_s": round(entry.at_s, 2),
                    "outcome": entry.outcome.value.lower(),
                    "text": entry.text,
                    "details": list(entry.details),
                }
                for entry in self.entries
            ],
        }
