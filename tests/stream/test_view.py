"""A snapshot is a value."""

from dataclasses import FrozenInstanceError

import pytest

from edgedet.stream.view import Snapshot


def test_cannot_be_changed() -> None:
    snapshot = Snapshot((), {}, "fake", 1.0, 0, "", "", "edgedet/v1/#")
    with pytest.raises(FrozenInstanceError):
        snapshot.frames = 2  # type: ignore[misc]
