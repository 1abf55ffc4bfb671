"""A damaged ledger is put aside, what can be read of it is kept, and no budget is spent twice."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgedet.config.sampling import LimitSettings, SamplingSettings
from edgedet.errors import SampleError
from edgedet.sample import salvage
from edgedet.sample.audit import Audit
from edgedet.sample.base import State
from edgedet.sample.budget import PERIOD_S, Budget, uses
from edgedet.sample.ledger import LEDGER_FILE, Ledger
from edgedet.sample.salvage import DAMAGED, open_ledger
from tests.odd_files import put_odd
from tests.sample.fakes import SteppingClock, sample

PAGE = 4096
GARBAGE = b"\0garbage" * 5000


class KilledError(BaseException):
    """The power is gone."""


def _filled(folder: Path, count: int) -> None:
    ledger, clock = Ledger(folder), SteppingClock()
    for number in range(count):
        ledger.add(sample(number, place=f"frames/gate/{number}.jpg"))
    ledger.refuse(sample(1).id, "too dark")
    Audit(ledger, clock).end(Audit(ledger, clock).begin(sample(0), "upload", "folder"), "done")
    ledger.close()
    assert not (folder / f"{LEDGER_FILE}-wal").exists()


def _spoil(path: Path, first: int, last: int) -> None:
    content = bytearray(path.read_bytes())
    content[first * PAGE : last * PAGE] = os.urandom((last - first) * PAGE)
    path.write_bytes(content)


def _now_s() -> float:
    return SteppingClock().utc_now().timestamp()


def test_a_ledger_that_is_whole_is_opened_as_it_is(tmp_path: Path) -> None:
    _filled(tmp_path, 3)

    with closing(open_ledger(tmp_path, _now_s())) as ledger:
        assert len(ledger.samples()) == 3
        assert DAMAGED not in ledger.counters()


def test_what_is_no_database_is_put_aside_and_a_new_one_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    aside = tmp_path / f"{LEDGER_FILE}.damaged"
    _filled(tmp_path, 3)
    for _ in range(2):
        (tmp_path / LEDGER_FILE).write_bytes(GARBAGE)
        with closing(open_ledger(tmp_path, _now_s())) as ledger:
            ledger.add(sample(7))
            assert [each.id for each in ledger.samples()] == [sample(7).id]
            assert ledger.counters()[DAMAGED] == 1
        assert aside.read_bytes() == GARBAGE
        assert f"moved to '{aside}', and 0 samples saved" in caplog.text
    assert sorted(each.name for each in tmp_path.iterdir()) == [LEDGER_FILE, aside.name]


def test_what_can_be_read_is_kept_in_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(tmp_path, 400)
    size = (tmp_path / LEDGER_FILE).stat().st_size // PAGE
    _spoil(tmp_path / LEDGER_FILE, size // 2, size // 2 + 4)

    with closing(open_ledger(tmp_path, _now_s())) as ledger:
        found = ledger.samples()
        assert 200 < len(found) < 400
        numbers = [each.seq for each in found]
        assert numbers == sorted(numbers)
        assert (numbers[0], numbers[-1]) == (0, 399)
        assert all(each == sample(each.seq, place=each.place) for each in found if each.seq != 1)
        assert found[1].state is State.REFUSED
        assert [line.outcome for line in Audit(ledger, SteppingClock()).lines()] == ["done"]
        assert f"{len(found)} samples saved" in caplog.text
        assert ledger.counters()["refused"] == 1
    assert (tmp_path / f"{LEDGER_FILE}.damaged").is_file()


@pytest.mark.parametrize(
    "change",
    [
        "tags = 'x'",
        "objects = '[{}]'",
        "objects = '[3]'",
        "state = 'lost'",
        "seq = 'x'",
        "width = 2.5",
    ],
)
def test_a_row_that_was_never_written_is_left(tmp_path: Path, change: str) -> None:
    _filled(tmp_path, 3)
    with closing(sqlite3.connect(tmp_path / LEDGER_FILE)) as db:
        db.execute(f"UPDATE sample SET {change} WHERE seq = 2")  # noqa: S608 - the test's own
        db.execute("DROP TABLE spending")
        db.commit()

    with closing(open_ledger(tmp_path, _now_s())) as ledger:
        assert [each.seq for each in ledger.samples()] == [0, 1]


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless", "loop"])
@pytest.mark.parametrize("ending", ["", "-wal", "-journal"])
def test_what_is_no_file_is_put_aside_and_not_waited_for(
    tmp_path: Path, kind: str, ending: str
) -> None:
    if ending:
        _filled(tmp_path, 3)
    put_odd(tmp_path / f"{LEDGER_FILE}{ending}", kind)

    with closing(open_ledger(tmp_path, _now_s())) as ledger:
        assert ledger.counters()[DAMAGED] == 1
        assert len(ledger.samples()) == (3 if ending else 0)
    assert os.path.lexists(tmp_path / f"{LEDGER_FILE}.damaged{ending}")
    assert not Path("/dev/zero-journal").exists()


@pytest.mark.parametrize("deed", ["_new_ledger", "put_aside", "sync"])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_kill_at_any_moment_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: str, is_done: bool
) -> None:
    _filled(tmp_path, 400)
    size = (tmp_path / LEDGER_FILE).stat().st_size // PAGE
    _spoil(tmp_path / LEDGER_FILE, size // 2, size // 2 + 4)
    done = getattr(salvage, deed)

    def die(*given: object) -> None:
        if is_done:
            done(*given)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(salvage, deed, die)
        with pytest.raises(KilledError):
            open_ledger(tmp_path, _now_s())

    with closing(open_ledger(tmp_path, _now_s())) as ledger:
        assert len(ledger.samples()) > 200
        assert ledger.counters()[DAMAGED] == 1
        assert _budget(ledger, SteppingClock()).payer("s", [], "gate", ()) is None
    assert (tmp_path / f"{LEDGER_FILE}.damaged").is_file()
    assert not (tmp_path / f"{LEDGER_FILE}.new").exists()


def test_what_cannot_be_moved_is_told_and_left(tmp_path: Path) -> None:
    (tmp_path / LEDGER_FILE).write_bytes(GARBAGE)
    (tmp_path / f"{LEDGER_FILE}.damaged").mkdir()

    with pytest.raises(SampleError, match=r"is damaged .*cannot be moved away .Is a directory"):
        open_ledger(tmp_path, _now_s())

    assert (tmp_path / LEDGER_FILE).read_bytes() == GARBAGE


def _budget(ledger: Ledger, clock: SteppingClock) -> Budget:
    limit = LimitSettings.model_validate({"type": "hourly", "value": 3})
    return Budget(ledger, [limit], clock)


@pytest.mark.parametrize("per", ["device", "source", "class"])
def test_no_limit_has_credit_before_its_window_is_over(tmp_path: Path, per: str) -> None:
    clock = SteppingClock()
    (tmp_path / LEDGER_FILE).write_bytes(GARBAGE)
    limit = LimitSettings.model_validate({"type": "hourly", "value": 3, "per": per})
    with closing(open_ledger(tmp_path, clock.utc_now().timestamp())) as ledger:
        budget = Budget(ledger, [], clock)
        for wait_s, step_s in ((0.0, 0.0), (1800.0, 0.0), (1790.0, 86_400.0)):
            clock.advance(wait_s)
            clock.step(seconds=step_s)
            assert budget.payer("s", [limit], "gate", ("car",)) is None
        settings = SamplingSettings.model_validate(
            {"strategies": [{"name": "s", "type": "random", "limits": [limit.model_dump()]}]}
        )
        (use,) = uses(ledger, settings, clock.utc_now().timestamp())
        assert sum(use.spent.values()) == 3

        clock.advance(PERIOD_S["hourly"] - 3590.0 + 5.0)

        assert budget.payer("s", [limit], "gate", ("car",)) == "car"
        assert budget.payer("s", [], "gate", ()) is not None
