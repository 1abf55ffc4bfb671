"""What a check has found."""

from dataclasses import dataclass
from enum import Enum


class Status(str, Enum):
    """How serious it is: all is well, it works but a person should know, it does not work."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: what was seen, and what to do unless it passed."""

    name: str
    status: Status
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """The form of `--json`."""
        return {
            "name": self.name,
            "status": self.status.value,
            "detail": self.detail,
            "fix": self.fix,
        }


def passed(name: str, detail: str) -> Check:
    """A check that passed."""
    return Check(name, Status.PASS, detail)


def warned(name: str, detail: str, fix: str) -> Check:
    """A check that found something a person should know."""
    return Check(name, Status.WARN, detail, fix)


def failed(name: str, detail: str, fix: str) -> Check:
    """A check that found something that does not work."""
    return Check(name, Status.FAIL, detail, fix)
