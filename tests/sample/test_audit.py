"""What left the device is written down before it does."""

from pathlib import Path

from edgedet.sample.audit import UNKNOWN, Audit
from edgedet.sample.ledger import Ledger
from tests.sample.fakes import SteppingClock, sample


def test_a_line_before_and_its_outcome_after(tmp_path: Path) -> None:
    ledger, clock = Ledger(tmp_path), SteppingClock()
    audit = Audit(ledger, clock)

    first = audit.begin(sample(1), "upload", "roboflow example/frames")
    clock.advance(2)
    second = audit.begin(sample(2), "upload", "roboflow example/frames")
    audit.end(first, "sent")

    lines = Audit(Ledger(tmp_path), clock).lines()
    assert [line.outcome for line in lines] == ["sent", UNKNOWN]
    assert [line.number for line in lines] == [first, second]
    assert lines[0].at == "2026-05-04T09:00:00.000Z"
    assert (lines[0].sha256, lines[0].size_bytes) == (sample(1).sha256, 1000)
    assert audit.lines(sample(2).id) == lines[1:]


def test_lines_outlive_their_sample(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    audit = Audit(ledger, SteppingClock())
    ledger.add(sample(1))
    audit.end(audit.begin(sample(1), "upload", "somewhere"), "sent")

    ledger.delete(sample(1).id)

    assert [line.outcome for line in audit.lines(sample(1).id)] == ["sent"]
