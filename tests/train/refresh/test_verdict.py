"""A new model has to be better, and worse nowhere that counts."""

from dataclasses import replace

import pytest

from tests.train.refresh.made import comparison, line
from train.refresh.figures import AtThreshold, SetComparison
from train.refresh.verdict import Bounds, judge

BOUNDS = Bounds()


def frozen(gain_points: float, **more: object) -> SetComparison:
    return comparison(whole=line(old=0.4, new=0.4 + gain_points / 100), **more)  # type: ignore[arg-type]


def newest(gain_points: float) -> SetComparison:
    return comparison("newest frames", line(old=0.3, new=0.3 + gain_points / 100))


@pytest.mark.parametrize(
    ("on_frozen", "on_newest", "accepted"),
    [
        (0.1, None, True),
        (0.1, -2.0, True),
        (0.0, None, False),
        (0.0, 0.0, False),
        (0.0, 0.1, True),
        (-0.5, 0.1, True),
        (-0.5, -0.1, False),
        (-0.5, None, False),
        (-0.51, 20.0, False),
    ],
)
def test_better_is_taken_and_worse_is_not(
    on_frozen: float, on_newest: float | None, accepted: bool
) -> None:
    found = judge(frozen(on_frozen), None if on_newest is None else newest(on_newest), BOUNDS)

    assert found.accepted is accepted
    assert found.reasons


def test_the_reason_tells_figures_and_limit() -> None:
    found = judge(frozen(-4.0), newest(1.0), BOUNDS)

    assert found.reasons == (
        (
            "frozen test set: AP@50:95 0.400 to 0.360, -4.0 points (95 % of redrawn sets: +2.0 to "
            "+8.0): worse, by more than the tolerance of 0.5"
        ),
    )


@pytest.mark.parametrize("kind", ["class", "camera"])
def test_a_class_or_camera_that_loses_more_than_its_bound_refuses(kind: str) -> None:
    lines = (line("good", 0.4, 0.5), line("bad", 0.4, 0.36), line("fair", 0.4, 0.371))
    more = {"class": {"classes": lines}, "camera": {"cameras": lines}}[kind]

    found = judge(frozen(5.0, **more), None, BOUNDS)

    assert not found.accepted
    (reason,) = found.reasons
    assert reason.startswith(f"frozen test set: {kind} bad 0.400 to 0.360")
    assert reason.endswith("more than the bound of 3")


def test_few_objects_are_told_and_decide_nothing() -> None:
    found = judge(frozen(5.0, classes=(line("rare", 0.4, 0.1, objects=19),)), None, BOUNDS)

    assert found.accepted
    assert any("on 19 objects only: it decides nothing" in text for text in found.remarks)


def test_a_camera_of_the_newest_frames_counts_too() -> None:
    late = comparison("newest frames", line(), cameras=(line("yard", 0.5, 0.4),))

    assert not judge(frozen(5.0), late, BOUNDS).accepted


def test_a_new_class_has_nothing_to_lose() -> None:
    assert judge(frozen(1.0, classes=(line("dog", None, 0.0),)), None, BOUNDS).accepted


def test_the_gate_refuses_and_everything_else_is_told_with_it() -> None:
    found = judge(frozen(-9.0), None, BOUNDS, "INT8 loses 3.00 points")

    assert not found.accepted
    assert len(found.reasons) == 2
    assert found.reasons[-1] == "INT8 loses 3.00 points"


def test_nothing_to_compare_is_a_reason() -> None:
    nothing = comparison(whole=line(old=None, objects=0))

    (reason,) = judge(nothing, None, BOUNDS).reasons
    assert "no object of a class that both models know" in reason


def test_what_may_be_chance_is_said() -> None:
    doubtful = comparison(whole=line(interval=(-0.01, 0.1)))

    found = judge(doubtful, None, BOUNDS)

    assert found.accepted
    assert found.remarks == (
        (
            "frozen test set: with other pictures the difference might be none: 50 pictures with "
            "100 objects cannot tell"
        ),
    )


def test_what_changes_at_the_devices_threshold_is_said() -> None:
    found = replace(comparison(), new_at=AtThreshold(0.25, 0.95, 0.74))

    (remark,) = judge(found, None, BOUNDS).remarks
    assert "threshold 0.25 precision goes from 0.90 to 0.95 and recall from 0.80 to 0.74" in remark
    assert judge(comparison(), None, BOUNDS).remarks == ()
