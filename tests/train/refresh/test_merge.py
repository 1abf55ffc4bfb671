"""What is taken, what is left out, and into which split."""

import numpy as np

from tests.train.refresh.made import picture
from train.refresh.merge import (
    FROZEN_ALIKE,
    FROZEN_SAME,
    MOVED,
    RELABELLED,
    TWICE,
    Merged,
    merge,
)


def splits(merged: Merged) -> dict[str, str]:
    return {one.name: one.split for one in merged.pictures}


def test_previous_and_new_are_one_set() -> None:
    found = merge(
        [picture("a", "train", 1), picture("b", "val", 2)],
        [picture("c", "train", 3), picture("d", "val", 4), picture("e", "test", 5)],
        [picture("f", "val", 6)],
    )

    assert splits(found) == {"a": "train", "b": "val", "c": "train", "d": "val", "e": "test"}
    assert (found.of_new, found.of_previous, found.left_out) == ({}, {}, ())


def test_a_picture_of_the_frozen_set_is_never_in_it_neither_new_nor_previous() -> None:
    frozen = [picture("f", "val", 6), picture("g", "val", 7)]

    found = merge(
        [
            picture("a", "train", 1),
            picture("same", "val", 6, digest="f"),
            picture("too", "train", 7),
        ],
        [picture("alike", "train", 7), picture("c", "train", 3)],
        frozen,
    )

    assert splits(found) == {"a": "train", "c": "train"}
    assert found.of_previous == {FROZEN_SAME: 1, FROZEN_ALIKE: 1}
    assert found.learned == 1
    assert found.of_new == {FROZEN_ALIKE: 1}
    assert found.left_out == ("same", "too", "alike")


def test_what_is_there_already_keeps_its_split_and_gets_the_newest_labels() -> None:
    found = merge(
        [picture("a", "val", 1, label=0.4)],
        [picture("again", "train", 1, digest="a", label=0.6), picture("c", "train", 3)],
        [],
    )

    assert splits(found) == {"a": "val", "c": "train"}
    assert np.isclose(found.pictures[0].labels[0, 1], 0.6)
    assert found.of_new == {TWICE: 1, RELABELLED: 1}


def test_the_same_labels_again_are_no_new_ones() -> None:
    found = merge([picture("a", "train", 1)], [picture("b", "test", 1, digest="a")], [])

    assert found.of_new == {TWICE: 1}


def test_new_pictures_that_are_there_twice_are_taken_once() -> None:
    found = merge([], [picture("a", look=1), picture("b", look=1, digest="a", label=0.7)], [])

    assert splits(found) == {"b": "train"}
    assert found.of_new == {TWICE: 1, RELABELLED: 1}


def test_previous_pictures_that_are_there_twice_are_taken_once() -> None:
    found = merge([picture("a", look=1), picture("b", look=1, digest="a")], [], [])

    assert splits(found) == {"a": "train"}
    assert found.of_previous == {TWICE: 1}


def test_a_held_out_picture_that_looks_like_a_trained_one_tests_nothing() -> None:
    found = merge(
        [picture("old", "train", 1)],
        [picture("like-old", "test", 1), picture("n", "train", 2), picture("like-n", "val", 2)],
        [],
    )

    assert splits(found) == {"old": "train", "like-old": "train", "n": "train", "like-n": "train"}
    assert found.of_new == {MOVED: 2}


def test_what_moves_takes_along_what_looks_like_it() -> None:
    found = merge([], [picture("v", "val", 1), picture("n", "test", 1), picture("t", look=2)], [])

    assert splits(found) == {"v": "val", "n": "val", "t": "train"}


def test_the_previous_val_stays_and_what_looks_like_it_joins_it() -> None:
    found = merge(
        [picture("v", "val", 1), picture("t", "train", 2)],
        [picture("n", "train", 1), picture("m", "test", 1), picture("o", "train", 2)],
        [],
    )

    assert splits(found) == {"v": "val", "t": "train", "n": "val", "m": "val", "o": "train"}
    assert found.of_new == {MOVED: 2}


def test_what_looks_like_trained_and_like_val_is_trained_on() -> None:
    found = merge([picture("v", "val", 1), picture("t", look=1)], [picture("n", "test", 1)], [])

    assert splits(found) == {"v": "val", "t": "train", "n": "train"}
