"""Memory that was freed goes back to the system."""

import sys

import pytest

from edgedet.stream.heap import give_back_heap
from tests.resident import resident_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps it")
def test_what_is_free_inside_the_heap_is_given_back() -> None:
    blocks = [bytes(100_000) for _ in range(600)]
    last = bytes(100_000)  # above all of them: without help the heap cannot shrink past it
    for index in range(len(blocks)):
        blocks[index] = b"\1" * 100_000
    before = resident_bytes()
    blocks.clear()
    give_back_heap()
    assert before - resident_bytes() > 30 << 20
    assert len(last) == 100_000
