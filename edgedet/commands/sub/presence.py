"""Who is there, as far as can be told: a status that is missing or too old means unknown. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# clocks differ, and messages take their time
_GRACE = timedelta(seconds=2)
_OF_SOURCE = "/src/"
_GONE = ("offline", "stopped")


@dataclass(slots=True)
class _Known:
    state: str
    expires_at: datetime | None
    is_told: bool = False


class Presence:
    """The states of devices and sources, by their topics without the last level."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[str, _Known] = {}

    def note(self, name: str, state: str, expires_at: datetime | None) -> None:
        """A status came."""
        self._known[name] = _Known(state, expires_at)

    def expect(self, name: str) -> None:
        """Something came of `name`, so that a status should have come."""
        self._known.setdefault(name, _Known("unknown", None, is_told=True))

    def forget(self, name: str) -> None:
        """The status was taken back."""
        self._known.pop(name, None)

    def newly_unknown(self, now: datetime) -> list[str]:
        """Who became unknown since the last time, because the status expired."""
        names = []
        for name, known in self._known.items():
            if not known.is_told and _is_expired(known, now):
                known.is_told = True
                names.append(name)
        return names

    def states(self, now: datetime) -> Mapping[str, str]:
        """What is known of everybody; a source whose device has left is `unknown` too."""
        return {
            name: "unknown" if self._is_unknown(name, known, now) else known.state
            for name, known in sorted(self._known.items())
        }

    def _is_unknown(self, name: str, known: _Known, now: datetime) -> bool:
        device = self._known.get(name.rpartition(_OF_SOURCE)[0])
        has_left = device is not None and device.state in _GONE
        return has_left or _is_expired(known, now)


def _is_expired(known: _Known, now: datetime) -> bool:
    return known.expires_at is not None and now > known.expires_at + _GRACE
