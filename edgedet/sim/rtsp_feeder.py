"""What a simulated camera sends, frame by frame, and how it misbehaves."""

import random
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Literal

from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.clip import Clip
from edgedet.sim.damage import corrupted

_MAX_LAG_S = 1.0
_MID_GOP = 2


@dataclass(slots=True)
class Programme:
    """What the camera shows now, for all that watch it. Times are monotonic seconds."""

    clip: Clip
    mode: Literal["flow", "stall", "freeze"] = "flow"
    starts_mid_gop: bool = False
    corrupt_share: float = 0.0
    corrupt_until_s: float = 0.0
    lose_share: float = 0.0
    lose_until_s: float = 0.0
    hold_until_s: float = 0.0
    speed: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - faults

    def obey(self, command: CameraCommand, now_s: float) -> bool:
        """Do what is about the frames alone; whether it was."""
        match command.do:
            case "stall" | "freeze" | "flow":
                self.mode = command.do
            case "corrupt":
                self.corrupt_until_s, self.corrupt_share = now_s + command.for_s, command.share
            case "lose":
                self.lose_until_s, self.lose_share = now_s + command.for_s, command.share
            case "burst":
                self.hold_until_s = now_s + command.for_s
            case "speed":
                self.speed = command.factor
            case "mid_gop":
                self.starts_mid_gop = True
            case _:
                return False
        return True


class FrameCursor:
    """Picks the next frame of a programme. Not for several threads."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self._clip = programme.clip
        self._next = self._first()

    def take(self, now_s: float) -> bytes | None:
        """The frame to send now; None: nothing."""
        programme = self._programme
        if programme.mode == "stall":
            return None
        if programme.clip is not self._clip:
            self._clip, self._next = programme.clip, 0
        if programme.mode == "freeze":  # the same key frame again: the picture stands still
            self._next = self._clip.keys[max(0, bisect_right(self._clip.keys, self._next) - 1)]
            return self._clip.frames[self._next]
        frame = self._clip.frames[self._next]
        is_key = self._next in self._clip.keys
        self._next = (self._next + 1) % len(self._clip.frames)
        chance = programme.chance
        if now_s < programme.lose_until_s and not is_key and chance.random() < programme.lose_share:
            return None
        if now_s < programme.corrupt_until_s and chance.random() < programme.corrupt_share:
            return corrupted(frame, self._clip.codec, chance)
        return frame

    def _first(self) -> int:
        """Where a viewer begins: at a key frame, or behind one that it does not get to see."""
        if not self._programme.starts_mid_gop:
            return 0
        number = self._clip.keys[-1] + _MID_GOP if len(self._clip.keys) > 1 else _MID_GOP
        return number % len(self._clip.frames)


class Feeder:
    """Pushes a programme's frames at their rate, round after round."""

    def __init__(self, gst: Any, glib: Any, appsrc: Any, programme: Programme) -> None:  # noqa: ANN401
        self._gst, self._glib, self._appsrc = gst, glib, appsrc
        self._programme = programme
        self._cursor = FrameCursor(programme)
        self._held: list[bytes] = []
        self._due_s = time.monotonic()
        self._runs = True

    def stop(self) -> None:
        """Push no more."""
        self._runs = False

    def step(self) -> bool:
        """Push the next frame and plan the one after it."""
        if not self._runs:
            return False
        now_s = time.monotonic()
        frame = self._cursor.take(now_s)
        if frame is not None:
            self._held.append(frame)
        if now_s >= self._programme.hold_until_s:
            held, self._held = self._held, []
            for each in held:
                self._appsrc.emit("push-buffer", self._gst.Buffer.new_wrapped(each))
        self._due_s += 1 / (self._programme.clip.fps * self._programme.speed)
        wait_s = self._due_s - time.monotonic()
        if wait_s < -_MAX_LAG_S:  # the machine slept or is overloaded: do not send a burst
            self._due_s -= wait_s
        self._glib.timeout_add(max(0, round(wait_s * 1000)), self.step)
        return False
