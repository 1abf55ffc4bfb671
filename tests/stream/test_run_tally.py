"""What a model did is counted: runs, frames, objects, failures."""

import pytest

from edgedet.rollout.base import RunFigures, SourceFigures
from edgedet.stream.run_tally import Run, RunTally


def test_nothing_was_done_at_first() -> None:
    assert RunTally().figures() == RunFigures()
    assert RunTally().usual_size() == 1


def test_runs_and_frames_add_up() -> None:
    tally = RunTally()
    for number in range(100):
        slow = 0.9 if number == 50 else 0.0
        tally.add_run(Run(float(number), number + 0.02 + slow, 2))
        tally.add_frame("gate", 1)
        tally.add_frame("dock", number % 2)
    figures = tally.figures()
    assert (figures.pictures, figures.batches, figures.errors) == (200, 100, 0)
    assert figures.infer_s == pytest.approx(100 * 0.02 + 0.9)
    assert figures.p50_s == pytest.approx(0.01)
    assert 0.01 < figures.p99_s <= 0.46
    assert figures.sources == {"gate": SourceFigures(100, 100), "dock": SourceFigures(100, 50)}
    assert tally.usual_size() == 2


def test_the_first_reason_of_failure_stays() -> None:
    tally = RunTally()
    tally.fail("out of memory")
    tally.fail("closed")
    figures = tally.figures()
    assert (figures.batches, figures.errors, figures.failure) == (2, 2, "out of memory")


def test_recent_runs_come_in_order() -> None:
    tally = RunTally()
    runs = [Run(start, start + 0.5, 1) for start in (0.0, 1.0, 2.0)]
    for run in runs:
        tally.add_run(run)
    assert tally.recent_runs(0.5) == runs[1:]
