"""Pictures are made for those who look, as fast as each can take them, and for nobody else."""

import cv2
import numpy as np
import pytest

from edgedet.health.gallery import MAX_VIEWERS, FullError, Gallery
from tests.health.site_stand import FakeTap, seen_frame
from tests.stream.fakes import FakeClock


class Stand:
    def __init__(self, max_per_s: float = 1000.0) -> None:
        self.tap, self.clock = FakeTap(), FakeClock()
        self.gallery = Gallery(self.tap, ("person",), max_per_s, self.clock)

    def show(self, source_id: str, seq: int, after_s: float = 1.0) -> int:
        self.clock.advance(after_s)
        return self.tap.show(source_id, seq)


def _nothing() -> None:
    """The bell of a viewer that is asked anyway."""


def test_nobody_listens_when_nobody_looks() -> None:
    stand = Stand()
    assert stand.tap.listeners == []
    one = stand.gallery.join(["a"], 320, _nothing)
    two = stand.gallery.join(["a"], 320, _nothing)
    assert stand.tap.listeners == [stand.gallery]
    stand.gallery.leave(one)
    stand.gallery.leave(one)
    assert stand.tap.listeners == [stand.gallery]
    stand.gallery.leave(two)
    assert stand.tap.listeners == []


def test_a_viewer_gets_its_sources_and_no_more_until_it_has_been_sent_one() -> None:
    stand, told = Stand(), [0]

    def count() -> None:
        told[0] += 1

    viewer = stand.gallery.join(["a"], 320, count)
    assert stand.show("b", 1) == 0
    assert stand.show("a", 1) == 1
    assert stand.show("a", 2) == 0, "the first was not sent yet"
    seen = stand.gallery.fetch(viewer)
    assert seen is not None
    assert seen.frame.info.seq == 1
    assert stand.gallery.fetch(viewer) is None
    stand.gallery.sent(viewer, "a")
    assert stand.show("a", 3) == 1
    assert told == [2]


def test_a_slow_viewer_holds_up_nobody() -> None:
    stand = Stand()
    slow = stand.gallery.join(["a"], 320, _nothing)
    fast = stand.gallery.join(["a"], 320, _nothing)
    for seq in range(10):
        assert stand.show("a", seq) == 1
        assert stand.gallery.fetch(fast) is not None
        stand.gallery.sent(fast, "a")
    first = stand.gallery.fetch(slow)
    assert first is not None
    assert first.frame.info.seq == 0


def test_all_viewers_share_one_budget() -> None:
    stand = Stand(max_per_s=2.0)
    viewer = stand.gallery.join(["a", "b"], 320, _nothing)
    copied = 0
    for seq in range(100):  # ten seconds of ten frames a second from each of two sources
        for source_id in ("a", "b"):
            if stand.show(source_id, seq, after_s=0.05):
                copied += 1
                assert stand.gallery.fetch(viewer) is not None
                stand.gallery.sent(viewer, source_id)
    assert 18 <= copied <= 22


def test_a_picture_is_encoded_once_for_all_of_one_width() -> None:
    stand = Stand()
    seen = seen_frame("a", 1, height=480, width=800)
    small = stand.gallery.jpeg(seen, 320)
    assert stand.gallery.jpeg(seen, 320) is small
    assert stand.gallery.pictures == 1
    picture = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (192, 320, 3)
    assert picture[40, 40].mean() > 200
    assert picture[150, 250].mean() < 50
    assert stand.gallery.jpeg(seen, 640) != small


def test_a_part_says_what_is_in_the_picture() -> None:
    part = Stand().gallery.part(seen_frame("a", 7), 320)
    lengths = int.from_bytes(part[:4], "big"), int.from_bytes(part[4:8], "big")
    assert 8 + sum(lengths) == len(part)
    head = part[8 : 8 + lengths[0]].decode()
    assert '"source":"a","seq":7,"width":64,"height":48' in head
    objects = '"objects":[{"label":"person","score":0.9,"box":[0.0,0.0,0.5,0.5],'
    assert objects in head
    assert '"track":"6f1c-7","zones":["yard"]}]' in head
    assert '"latency_ms":20.0' in head


def test_only_so_many_may_look() -> None:
    stand = Stand()
    for _ in range(MAX_VIEWERS):
        stand.gallery.join(["a"], 320, _nothing)
    with pytest.raises(FullError):
        stand.gallery.join(["a"], 320, _nothing)
    assert stand.gallery.viewers == MAX_VIEWERS
