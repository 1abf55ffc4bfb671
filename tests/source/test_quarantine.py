"""After damage nothing passes until a whole keyframe, for streams of every kind."""

from edgedet.source.quarantine import Quarantine, Unit
from tests.stream.fakes import FakeClock

LIMIT_S = 20.0


def make(clock: FakeClock | None = None) -> Quarantine:
    return Quarantine(LIMIT_S, clock or FakeClock())


def feed(quarantine: Quarantine, marks: str, start: int = 0) -> str:
    """What becomes of units: K key, d delta, X key after a gap, x delta after one, c corrupt delta.

    Those that are left out become a dot.
    """
    passed = ""
    for index, mark in enumerate(marks, start):
        unit = Unit(index, mark in "KXC", mark in "Xx", mark in "Cc")
        passed += mark if quarantine.admits_unit(unit) else "."
    return passed


def test_a_whole_stream_passes_and_is_counted_as_such() -> None:
    quarantine = make()
    assert feed(quarantine, "XdddKddd") == "XdddKddd"
    assert (quarantine.count, quarantine.admitted) == (0, 8)
    assert not quarantine.has_damage_since(10)


def test_a_start_amid_a_group_waits_for_the_keyframe_and_is_no_damage() -> None:
    quarantine = make()
    assert feed(quarantine, "xdd") == "..."
    before = quarantine.is_waiting
    assert feed(quarantine, "Kdd", 3) == "Kdd"
    assert quarantine.count == 3
    assert (before, quarantine.is_waiting) == (True, False)
    assert not quarantine.has_damage_since(10)


def test_a_gap_is_left_out_until_the_next_keyframe() -> None:
    quarantine = make()
    assert feed(quarantine, "KddxddKdcdKd") == "Kdd...Kd..Kd"
    assert quarantine.count == 5
    assert quarantine.has_damage_since(10)


def test_a_keyframe_with_a_gap_is_not_believed() -> None:
    assert feed(make(), "KddXddKd") == "Kdd...Kd"


def test_a_stream_of_keyframes_loses_only_what_is_corrupt() -> None:
    assert feed(make(), "XKXKCKX") == "XKXK.KX"


def test_damage_is_told_for_a_while() -> None:
    clock = FakeClock()
    quarantine = make(clock)
    feed(quarantine, "KxK")
    clock.advance(9)
    assert quarantine.has_damage_since(10)
    clock.advance(2)
    assert not quarantine.has_damage_since(10)


def test_waiting_has_a_limit() -> None:
    clock = FakeClock()
    quarantine = make(clock)
    assert feed(quarantine, "xd") == ".."
    clock.advance(LIMIT_S)
    assert not quarantine.is_waiting
    assert feed(quarantine, "dd", 2) == "dd"


def test_a_corrupt_picture_and_all_that_follow_from_it_are_left_out() -> None:
    quarantine = make()
    feed(quarantine, "KdddKd")
    passed = [quarantine.admits_picture(pts, is_corrupted=pts == 2) for pts in range(6)]
    assert passed == [True, True, False, False, True, True]


def test_a_decoder_that_fails_begins_anew_with_the_keyframe() -> None:
    quarantine = make()
    feed(quarantine, "KdddKd")
    passed = [quarantine.admits_picture(pts, is_discont=pts in {0, 2}) for pts in range(6)]
    assert passed == [True, True, False, False, True, True]


def test_a_gap_that_the_stream_had_is_no_failure_of_the_decoder() -> None:
    quarantine = make()
    feed(quarantine, "KddxdKdd")
    assert all(quarantine.admits_picture(pts, is_discont=pts == 0) for pts in (0, 1, 2, 5, 6, 7))
    intra = make()
    feed(intra, "KKXK")
    assert all(intra.admits_picture(pts, is_discont=pts in {0, 2}) for pts in range(4))


def test_pictures_without_times_pass_again_after_the_limit() -> None:
    clock = FakeClock()
    quarantine = make(clock)
    feed(quarantine, "Kd")
    assert not quarantine.admits_picture(None, is_corrupted=True)
    assert not quarantine.admits_picture(None)
    clock.advance(LIMIT_S)
    assert quarantine.admits_picture(None)


def test_corrupt_raw_pictures_are_left_out_one_by_one() -> None:
    quarantine = make()
    passed = [quarantine.admits_picture(pts, is_corrupted=pts == 1) for pts in range(3)]
    assert passed == [True, False, True]
