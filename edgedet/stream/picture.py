"""Whether a camera that delivers frames shows anything: a picture that stands still, or is black.

A picture stands still when not one of the pixels looked at has changed. Sensor noise, a clock in
the picture or a moving leaf change some, and every keyframe of an encoder changes all a little; a
camera whose sensor or encoder hangs sends the same picture for ever. So does the encoder of a made
picture, and the two cannot be told apart: it is told, opening again is tried once for each picture,
and a picture that is the same after that is left alone.
"""

import zlib
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from edgedet.clock import Clock, utc_text
from edgedet.config.picture import PictureSettings
from edgedet.frame import Frame

# irregular, so that a picture that repeats itself every second does not seem to stand still
_PAUSES_S = (0.7, 1.1, 0.9)
_ROW_STEP = 4  # every fourth row whole: of 1080p half a megabyte, 0.3 ms
_PIXEL_STEP = 4
_LONGEST_STEP_S = 2.0  # while no frame comes nothing is known of the picture
_DARK_SHARE = 0.998  # of the pixels of a black picture; a lamp in the night is more than the rest


class PictureWatch:
    """Looks at about one frame a second of one source. For the thread that reads it."""

    def __init__(self, settings: PictureSettings, clock: Clock) -> None:
        """Begin without any frame."""
        self._settings = settings
        self._clock = clock
        self._looks = 0
        self._next_s = float("-inf")
        self._last_s = float("-inf")
        self._digest: int | None = None
        self._same = _Spell(clock)
        self._black = _Spell(clock)
        self._reopened_at: int | None = None
        self._reopenings = 0
        self._last_frozen_s = float("-inf")
        self._notes: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the picture, each the same as long as it lasts."""
        return self._notes

    @property
    def frozen_s(self) -> float:
        """For how long the picture is known to stand still, as of the last look."""
        return self._same.lasts_s

    def wants_reopening(self) -> bool:
        """Whether the picture has stood still for so long that opening the source may help."""
        limit_s = self._settings.reopen_after_s * 2.0 ** min(self._reopenings, 16)
        is_new = self._digest != self._reopened_at
        return 0.0 < limit_s <= self.frozen_s and is_new

    def note_reopening(self) -> None:
        """The source is opened again for this picture: the same one will not make it so again."""
        self._reopened_at = self._digest
        self._reopenings += 1

    def restart(self) -> None:
        """The source was opened: look at its first frame."""
        self._next_s = float("-inf")

    def look(self, frame: Frame) -> None:
        """Look at `frame`, if it is time to."""
        now_s = self._clock.monotonic()
        if not self._settings.enabled or now_s < self._next_s:
            return
        self._next_s = now_s + _PAUSES_S[self._looks % len(_PAUSES_S)]
        self._looks += 1
        step_s = min(now_s - self._last_s, _LONGEST_STEP_S)
        self._last_s = now_s
        luma = frame.planes[0][::_ROW_STEP]
        digest = zlib.crc32(np.ascontiguousarray(luma).data, luma.shape[1])
        self._same.go_on(step_s, holds=digest == self._digest)
        self._digest = digest
        self._black.go_on(step_s, holds=self._is_black(luma))
        if self._is_frozen():
            self._last_frozen_s = now_s
        elif now_s - self._last_frozen_s >= self._settings.reopen_after_s:
            self._reopenings = 0
        self._notes = tuple(self._found())

    def _is_frozen(self) -> bool:
        return self.frozen_s >= self._settings.frozen_after_s

    def _is_black(self, luma: NDArray[np.uint8]) -> bool:
        sample = luma[:, ::_PIXEL_STEP]
        dark = np.count_nonzero(sample <= self._settings.black_level)
        return bool(dark >= _DARK_SHARE * sample.size)

    def _found(self) -> list[str]:
        notes = []
        if self._is_frozen():
            notes.append(
                f"the picture stands still since {_second(self._same.since)}; if the scene does"
                " not, restart the camera"
            )
        if self._black.lasts_s >= self._settings.black_after_s:
            notes.append(
                f"the picture is black since {_second(self._black.since)}; check lens and light"
            )
        return notes


class _Spell:
    """How long something holds without a break, as far as was looked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.since = clock.utc_now()
        self.lasts_s = 0.0

    def go_on(self, step_s: float, *, holds: bool) -> None:
        """Whether it holds now, `step_s` after the last look."""
        if not holds:
            self.lasts_s = 0.0
            self.since = self._clock.utc_now()
        else:
            self.lasts_s += step_s


def _second(moment: datetime) -> str:
    """`moment` to the second."""
    return utc_text(moment - timedelta(microseconds=moment.microsecond)).replace(".000Z", "Z")
