"""The order of classes of an earlier model is kept, or the set is refused."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.ingest.annotated import Annotated, Box
from train.data.ingest.classes import joined_names, like_previous, renumbered


def items(count: int) -> list[Annotated]:
    return [Annotated(Path("a"), "a", tuple(Box(n, 0, 0, 1, 1) for n in range(count)))]


def test_the_same_order_is_left_alone() -> None:
    names, moved, told = like_previous(("a", "b"), ("a", "b"), items(2))

    assert (names, moved, told) == (("a", "b"), items(2), "class order as in the previous model")


def test_another_order_is_put_right() -> None:
    names, moved, told = like_previous(("c", "a", "b"), ("a", "b", "c"), items(3))

    assert names == ("a", "b", "c")
    assert [box.class_id for box in moved[0].boxes] == [2, 0, 1]
    assert "put in the order of the previous model: a, b, c" in told


def test_new_classes_come_last() -> None:
    names, moved, told = like_previous(("new", "a"), ("a",), items(2))

    assert names == ("a", "new")
    assert [box.class_id for box in moved[0].boxes] == [1, 0]
    assert "new: new" in told


def test_a_set_that_lacks_a_class_is_refused() -> None:
    with pytest.raises(DataError, match="b would be lost"):
        like_previous(("a",), ("a", "b"), items(1))


def test_names_are_joined_behind_those_of_the_first() -> None:
    assert joined_names(("b", "a"), ("a", "c"), ("d", "b")) == ("b", "a", "c", "d")


def test_labels_keep_their_class_under_its_new_number() -> None:
    labels = np.array([[0, 0.5, 0.5, 0.1, 0.1], [1, 0.2, 0.2, 0.1, 0.1]], dtype=np.float32)

    moved = renumbered(labels, ("dog", "a"), ("a", "b", "dog"))

    assert moved[:, 0].tolist() == [2, 0]
    assert np.array_equal(moved[:, 1:], labels[:, 1:])
    assert labels[0, 0] == 0
    assert renumbered(labels[:0], ("dog",), ("dog",)).shape == (0, 5)
