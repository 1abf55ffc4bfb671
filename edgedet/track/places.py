"""One object and one place: has it entered, stayed, left, crossed? No messages here.

Boxes tremble, so nothing counts before it has been so for a while (`settle_s`), and then from when
it first was. What was not seen did not happen: an object that is hidden stays where it was.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from edgedet.analytics import SeenObject
from edgedet.vision.polygons import Point, segments_touch, side_of


@dataclass(frozen=True, slots=True)
class Sight:
    """An object in a frame. `s` is on the source's own clock, `utc` the capture time.

    `zones` are those that its anchor lies in.
    """

    s: float
    utc: datetime
    frame_seq: int
    seen: SeenObject
    anchor: Point
    zones: frozenset[str] = frozenset()


class Change(str, Enum):
    """What became of a stay."""

    ENTERED = "entered"
    DWELT = "dwelt"
    LEFT = "left"


class Stay:
    """An object in a zone, or not."""

    def __init__(self, settle_s: float, dwell_s: float | None) -> None:
        """Begin outside. `dwell_s`: tell once when a stay has lasted so long."""
        self._settle_s = settle_s
        self._dwell_s = float("inf") if dwell_s is None else dwell_s
        self._has_dwelt = False
        self.since: Sight | None = None
        """When it entered, while it is inside."""
        self.turned: Sight | None = None
        """When it was first seen on the other side, until that has settled."""

    def see(self, sight: Sight, *, is_inside: bool) -> list[tuple[Change, Sight]]:
        """What has become certain with `sight`, and when it began to be so."""
        changes: list[tuple[Change, Sight]] = []
        if is_inside == (self.since is not None):
            self.turned = None
        else:
            self.turned = self.turned or sight
            if sight.s - self.turned.s >= self._settle_s:
                changes.append(self._turn(self.turned))
        if self.since is not None and is_inside and not self._has_dwelt:
            self._has_dwelt = sight.s - self.since.s >= self._dwell_s
            if self._has_dwelt:
                changes.append((Change.DWELT, sight))
        return changes

    def _turn(self, at: Sight) -> tuple[Change, Sight]:
        self.turned = None
        if self.since is None:
            self.since, self._has_dwelt = at, False
            return Change.ENTERED, at
        self.since = None
        return Change.LEFT, at


class Crossing:
    """An object and a line."""

    def __init__(self, line: tuple[Point, Point], settle_s: float) -> None:
        """Begin without knowing on which side it is."""
        self._line = line
        self._settle_s = settle_s
        self._last: Point | None = None
        self._pending: tuple[bool, Sight] | None = None

    def see(self, sight: Sight) -> tuple[bool, Sight] | None:
        """The crossing that has become certain: whether to the right, and when."""
        last, point = self._last, sight.anchor
        side = side_of(self._line, point)
        if side != 0.0:  # a point on the line is on no side, and waits for the next
            self._last = point
            if (
                last is not None
                and side * side_of(self._line, last) < 0.0
                and segments_touch(last, point, *self._line)  # not round its end
            ):
                self._turn(sight, is_right=side > 0.0)
        if self._pending is None or sight.s - self._pending[1].s < self._settle_s:
            return None
        return self.end()

    def end(self) -> tuple[bool, Sight] | None:
        """The crossing that was seen and had not settled; nothing has been seen against it."""
        pending, self._pending = self._pending, None
        return pending

    def _turn(self, sight: Sight, *, is_right: bool) -> None:
        if self._pending is not None and self._pending[0] != is_right:
            self._pending = None  # back again before it counted
        else:
            self._pending = is_right, sight
