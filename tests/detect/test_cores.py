"""Cores that a backend may use are those that this process may run on."""

import os
from collections.abc import Iterator

import pytest

from edgedet.detect.cores import usable_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system cannot bind a process to cores"
)


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


def test_counts_what_the_process_is_allowed(allowed: set[int]) -> None:
    assert usable_cores() == len(allowed)


def test_heeds_being_bound_to_one_core(allowed: set[int]) -> None:
    os.sched_setaffinity(0, {min(allowed)})

    assert usable_cores() == 1
