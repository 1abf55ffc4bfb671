"""Damaged frames keep their form."""

import doctest
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgedet.sim import damage
from edgedet.sim.damage import corrupted

START = b"\x00\x00\x01"


def test_the_example_is_true() -> None:
    assert doctest.testmod(damage).failed == 0


@given(
    units=st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5),
    codec=st.sampled_from(["h264", "h265"]),
    seed=st.integers(0, 1000),
)
def test_units_and_length_stay(units: list[bytes], codec: str, seed: int) -> None:
    frame = b"".join(START + unit.replace(b"\x00", b"\x01") for unit in units)

    worse = corrupted(frame, codec, random.Random(seed))  # noqa: S311

    assert len(worse) == len(frame)
    assert worse.count(START) == frame.count(START)
    assert [part[:12] for part in worse.split(START)] == [p[:12] for p in frame.split(START)]


@pytest.mark.parametrize(("codec", "kind"), [("h264", 0x67), ("h264", 0x68), ("h265", 0x42)])
def test_parameter_sets_are_spared(codec: str, kind: int) -> None:
    frame = START + bytes([kind]) + bytes(range(1, 101))
    assert corrupted(frame, codec, random.Random(0)) == frame  # noqa: S311
