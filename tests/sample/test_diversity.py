"""The hundredth picture of an empty car park is not kept, after a restart neither."""

from pathlib import Path

from edgedet.config.sampling import DiversitySettings
from edgedet.sample.diversity import Diversity, look_of
from tests.sample.fakes import frame, keep, proposals, store_in


def test_what_was_kept_is_remembered_from_disk(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    empty, person = proposals(), proposals((10, 10, 30, 50, 0.8, 0))
    look = look_of(frame(seq=1), empty)
    keep(store, 1, look=look.text(), objects=())

    fresh = Diversity(DiversitySettings(), store.ledger)

    assert fresh.has_like("gate", look)
    assert not fresh.has_like("dock", look)
    assert not fresh.has_like("gate", look_of(frame(seq=1), person))
    assert not fresh.has_like("gate", look_of(frame(seq=2), empty))
    fresh.add("gate", look_of(frame(seq=2), empty))
    assert fresh.has_like("gate", look_of(frame(seq=2), empty))


def test_only_so_many_are_remembered(tmp_path: Path) -> None:
    rule = Diversity(DiversitySettings(memory=2), store_in(tmp_path).ledger)
    looks = [look_of(frame(seq=number), proposals()) for number in range(3)]
    for look in looks:
        rule.add("gate", look)

    assert [rule.has_like("gate", look) for look in looks] == [False, True, True]


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    rule = Diversity(DiversitySettings(enabled=False), store_in(tmp_path).ledger)
    look = look_of(frame(), proposals())
    rule.add("gate", look)

    assert not rule.has_like("gate", look)
