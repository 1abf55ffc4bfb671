"""What is damaged, and what was decoded from it, left out until the next keyframe. Pure.

After a lost packet a decoder goes on with wrong references: grey or smeared pictures in which a
detector sees things. They are stopped in two places. In front of the decoder, where GStreamer marks
the first unit after a gap: nothing passes until a whole keyframe, which is also the rule for a
stream that begins amid a group of pictures. Behind the decoder, where it marks pictures as corrupt,
or that it failed before this one. What a decoder mends in silence is not seen.
"""

import threading
from collections import deque
from dataclasses import dataclass

from edgedet.clock import Clock

_REMEMBERED = 256  # keyframes and gaps; decoders hold fewer pictures by far


@dataclass(frozen=True, slots=True)
class Unit:
    """One compressed picture on its way into the decoder, as GStreamer marks it."""

    pts_ns: int | None
    is_key: bool
    is_discont: bool = False
    is_corrupted: bool = False


class Quarantine:
    """Judges each unit and picture of one pipeline.

    Units come on a thread of GStreamer's, pictures on the reader's. Waiting for a keyframe ends
    after `limit_s` in any case: some encoders send none for minutes, and a smear heals.
    """

    def __init__(self, limit_s: float, clock: Clock) -> None:
        """Begin with a stream of which nothing is known."""
        self.limit_s = limit_s
        self._clock = clock
        self._lock = threading.Lock()  # guards everything below
        self._count = 0
        self._admitted = 0
        self._has_deltas = False
        self._unit_wait_s: float | None = None
        self._picture_wait_s: float | None = None
        self._bad_pts_ns = -1
        self._pictures = 0
        self._keys: deque[int] = deque(maxlen=_REMEMBERED)
        self._last_damage_s = float("-inf")
        self._gaps: deque[int | None] = deque(maxlen=_REMEMBERED)

    @property
    def count(self) -> int:
        """Units and pictures left out so far."""
        with self._lock:
            return self._count

    @property
    def admitted(self) -> int:
        """Units that went into the decoder so far."""
        with self._lock:
            return self._admitted

    @property
    def is_waiting(self) -> bool:
        """Whether units are left out now until a keyframe comes."""
        with self._lock:
            return self._unit_wait_s is not None and not self._is_over(self._unit_wait_s)

    def has_damage_since(self, seconds: float) -> bool:
        """Whether anything was left out in the last `seconds`; a stream's start does not count."""
        with self._lock:
            return self._clock.monotonic() - self._last_damage_s < seconds

    def admits_unit(self, unit: Unit) -> bool:
        """Whether `unit` may go into the decoder."""
        with self._lock:
            if self._is_admissible(unit):
                self._admitted += 1
                if unit.is_key and unit.pts_ns is not None:
                    self._keys.append(unit.pts_ns)
                if unit.is_discont:
                    self._gaps.append(unit.pts_ns)
                return True
            self._leave_out()
            return False

    def admits_picture(
        self, pts_ns: int | None, *, is_discont: bool = False, is_corrupted: bool = False
    ) -> bool:
        """Whether a decoded picture may be used. A gap that is not the stream's is a failure."""
        with self._lock:
            is_first = self._pictures == 0
            self._pictures += 1
            has_failed = is_discont and not is_first and pts_ns not in self._gaps
            if is_corrupted or (has_failed and self._has_deltas):
                if self._has_deltas:
                    self._picture_wait_s = self._clock.monotonic()
                    self._bad_pts_ns = -1 if pts_ns is None else pts_ns
                self._leave_out()
                return False
            if self._picture_wait_s is None:
                return True
            if self._is_beyond_keyframe(pts_ns) or self._is_over(self._picture_wait_s):
                self._picture_wait_s = None
                return True
            self._leave_out()
            return False

    def _leave_out(self) -> None:
        self._count += 1
        if self._admitted:
            self._last_damage_s = self._clock.monotonic()

    def _is_admissible(self, unit: Unit) -> bool:
        if unit.is_key:
            # the gap may lie inside the keyframe, which takes the most packets. A stream of
            # keyframes alone has lost whole pictures: nothing refers to them.
            is_doubtful = unit.is_discont and self._has_deltas
            if not (unit.is_corrupted or is_doubtful):
                self._unit_wait_s = None
                return True
            if not self._has_deltas:
                return False
        is_start = self._admitted == 0 and not self._has_deltas
        self._has_deltas = True
        is_damage = unit.is_discont or unit.is_corrupted or is_start
        if is_damage and self._unit_wait_s is None:
            self._unit_wait_s = self._clock.monotonic()
        if self._unit_wait_s is not None and self._is_over(self._unit_wait_s):
            self._unit_wait_s = None
        return self._unit_wait_s is None

    def _is_beyond_keyframe(self, pts_ns: int | None) -> bool:
        if pts_ns is None:
            return False
        return any(self._bad_pts_ns < key <= pts_ns for key in self._keys)

    def _is_over(self, since_s: float) -> bool:
        return self._clock.monotonic() - since_s >= self.limit_s
