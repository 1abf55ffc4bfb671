"""Clips: numbered names are not enough, neighbours have to look alike."""

import numpy as np

from train.data.clips import find_clips

ALIKE = [np.full((32, 32), 100 + n % 3, dtype=np.uint8) for n in range(40)]
STRANGE = [np.random.default_rng(n).integers(0, 256, (32, 32), dtype=np.uint8) for n in range(40)]


def test_frames_are_ordered_by_number_not_by_name() -> None:
    names = [f"cam/{n}.jpg" for n in range(12)][::-1]
    (clip,) = find_clips(names, lambda index: ALIKE[index])

    assert clip.numbers == tuple(range(12))
    assert clip.indices == tuple(range(11, -1, -1))
    assert clip.name == "cam/"


def test_every_folder_and_prefix_is_a_clip() -> None:
    names = [f"{place}{n:04d}.png" for place in ("a/x_", "a/y_", "b/x_") for n in range(8)]

    assert [clip.name for clip in find_clips(names, lambda i: ALIKE[i])] == ["a/x_", "a/y_", "b/x_"]


def test_names_that_roboflow_changed() -> None:
    names = [f"frame_{n}_jpg.rf.{n}ab{n}.jpg" for n in range(9)]

    assert len(find_clips(names, lambda index: ALIKE[index])) == 1


def test_numbered_pictures_of_different_things_are_no_clip() -> None:
    assert find_clips([f"{n}.jpg" for n in range(40)], lambda index: STRANGE[index]) == []


def test_few_pictures_and_names_without_numbers_are_no_clip() -> None:
    assert find_clips([f"{n}.jpg" for n in range(7)], lambda index: ALIKE[index]) == []
    assert find_clips(["abcdefghijkl"[n] + ".jpg" for n in range(12)], lambda i: ALIKE[i]) == []


def test_pictures_that_cannot_be_seen_are_no_clip() -> None:
    assert find_clips([f"{n}.jpg" for n in range(20)], lambda _: None) == []
