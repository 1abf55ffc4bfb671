"""A picture that stands still or is black is told; noise, movement and night are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edgedet.config.picture import PictureSettings
from edgedet.frame import CaptureSource, CaptureTime, Frame, FrameInfo, PixelFormat
from edgedet.stream.picture import PictureWatch
from tests.stream.fakes import START_UTC, FakeClock

HEIGHT, WIDTH = 90, 160
SCENE = np.random.default_rng(0).integers(40, 200, (HEIGHT, WIDTH), dtype=np.uint8)


class Camera:
    """A watch, and the pictures that it sees at 10 frames a second."""

    def __init__(self, **settings: object) -> None:
        self.clock = FakeClock()
        self.watch = PictureWatch(PictureSettings.model_validate(settings), self.clock)
        self.count = 0

    def show(self, luma: NDArray[np.uint8], seconds: float = 0.1) -> tuple[str, ...]:
        """Show one picture for `seconds`."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            self.watch.look(_frame(luma, self.count))
            self.count += 1
        return self.watch.notes


def _frame(luma: NDArray[np.uint8], seq: int) -> Frame:
    info = FrameInfo(
        "a", seq, WIDTH, HEIGHT, None, CaptureTime(START_UTC, CaptureSource.ARRIVAL), 0.0
    )
    return Frame(info, PixelFormat.GRAY8, (luma,))


def test_a_standing_picture_is_told_after_its_time_and_the_words_stay_the_same() -> None:
    camera = Camera()
    assert camera.show(SCENE, 29) == ()
    (note,) = camera.show(SCENE, 3)
    assert note.startswith("the picture stands still since 2026-05-04T09:01:40Z")
    assert camera.show(SCENE, 60) == (note,)
    assert camera.show(255 - SCENE, 2) == ()


@pytest.mark.parametrize("changed", [1, 40])
def test_sensor_noise_and_a_clock_in_the_picture_are_life(changed: int) -> None:
    camera, rng = Camera(), np.random.default_rng(1)
    for _ in range(600):
        scene = SCENE.copy()
        rows = rng.integers(0, HEIGHT // 4, changed) * 4
        scene[rows, rng.integers(0, WIDTH, changed)] ^= 1
        assert camera.show(scene) == ()


def test_a_picture_that_repeats_itself_every_second_does_not_stand_still() -> None:
    camera = Camera(frozen_after_s=5)
    for number in range(300):
        assert camera.show(SCENE + np.uint8(number % 10)) == ()


def test_black_is_told_and_night_is_not() -> None:
    rng = np.random.default_rng(2)
    dark = rng.integers(14, 26, (HEIGHT, WIDTH), dtype=np.uint8)
    night = dark.copy()
    night[10:16, 20:30] = 180  # a lamp
    camera = Camera()
    for _ in range(20):
        assert camera.show(rng.permutation(night, axis=1)) == ()
    camera.show(dark, 9)
    camera.show(rng.permutation(dark), 1)
    (note,) = camera.show(dark, 2)
    assert note.startswith("the picture is black since ")
    assert camera.show(SCENE, 2) == ()


def test_both_are_told_of_a_dead_sensor() -> None:
    assert len(Camera().show(np.full((HEIGHT, WIDTH), 16, np.uint8), 40)) == 2


def test_off_is_off() -> None:
    camera = Camera(enabled=False)
    assert camera.show(SCENE * 0, 900) == ()
    assert not camera.watch.wants_reopening()


def test_opening_again_is_tried_once_for_a_picture() -> None:
    camera = Camera(reopen_after_s=60)
    camera.show(SCENE, 59)
    assert not camera.watch.wants_reopening()
    camera.show(SCENE, 3)
    assert camera.watch.wants_reopening()
    camera.watch.note_reopening()
    camera.watch.restart()
    assert camera.show(SCENE, 1000) != ()
    assert not camera.watch.wants_reopening()


def test_pauses_between_reopenings_double_until_the_picture_has_moved_for_a_while() -> None:
    camera = Camera(reopen_after_s=60)

    def seconds_until_wanted(luma: NDArray[np.uint8]) -> int:
        seconds = 0
        while not camera.watch.wants_reopening():
            camera.show(luma, 1)
            seconds += 1
        camera.watch.note_reopening()
        return seconds

    first = [seconds_until_wanted(SCENE + np.uint8(number)) for number in range(3)]
    assert first == pytest.approx([60, 120, 240], abs=3)
    for number in range(700):
        camera.show(SCENE + np.uint8(number % 7))
    assert seconds_until_wanted(SCENE) == pytest.approx(60, abs=3)


def test_never_opened_again_if_so_set() -> None:
    camera = Camera(reopen_after_s=0)
    assert camera.show(SCENE, 900) != ()
    assert not camera.watch.wants_reopening()


def test_a_time_without_frames_is_not_counted() -> None:
    camera = Camera()
    camera.show(SCENE, 20)
    camera.clock.advance(3600)
    assert camera.show(SCENE, 5) == ()
    assert camera.show(SCENE, 6) != ()
