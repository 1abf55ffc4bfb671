"""At most so many frames a second of one source."""


class Pace:
    """Accepts frames by their arrival, evenly. For one thread."""

    def __init__(self, fps: float | None) -> None:
        """None accepts everything."""
        self._period_s = 0.0
        self._due_s = float("-inf")
        self.set_fps(fps)

    def set_fps(self, fps: float | None) -> None:
        """Change the rate from the next frame on."""
        self._period_s = 1.0 / fps if fps else 0.0

    def accepts(self, arrival_s: float) -> bool:
        """Whether a frame that arrived at `arrival_s` (monotonic) may pass."""
        return self._period_s == 0.0 or arrival_s >= self._due_s

    def passed(self, arrival_s: float) -> None:
        """A frame of this time has passed."""
        # Due times keep their rhythm over jitter, but a pause is not made up for.
        is_in_rhythm = 0.0 <= arrival_s - self._due_s < self._period_s
        self._due_s = (self._due_s if is_in_rhythm else arrival_s) + self._period_s
