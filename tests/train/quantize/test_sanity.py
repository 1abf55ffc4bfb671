"""Sets of looks, each wrong in one way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from train.data.dataset import Sample
from train.quantize.looks import Look
from train.quantize.sanity import Verdict, check_pictures

HW = (416, 416)


def _looks(count: int, place: str = "train", **changes: object) -> list[Look]:
    rng = np.random.default_rng(len(place))
    looks = []
    for number in range(count):
        sample = Sample(Path(f"{place}/{number}.jpg"), np.zeros((0, 5), np.float32))
        red, green, blue = (np.array([90, 110, 130]) + rng.normal(0, 5, 3)).tolist()
        look = Look(sample, f"{place}{number}".encode(), (768, 576), (red, green, blue), "")
        looks.append(replace(look, **changes))  # type: ignore[arg-type]
    return looks


def _check(chosen: list[Look], held_out: list[Look] | None = None) -> Verdict:
    others = _looks(40, "val") if held_out is None else held_out
    return check_pictures(chosen, others, {look.digest for look in others}, HW)


def test_a_sound_set_is_kept_whole_and_in_silence() -> None:
    verdict = _check(_looks(300))
    assert (len(verdict.kept), verdict.problems, verdict.remarks) == (300, [], [])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("divided", "divided by 255 before they were saved"),
        ("blank", "are blank"),
        ("dark", "nearly black"),
        ("undecodable", "cannot be decoded"),
    ],
)
def test_few_faulty_pictures_are_left_out_and_many_refuse_the_set(fault: str, told: str) -> None:
    few = _check([*_looks(300), *_looks(3, "bad", fault=fault)])
    assert len(few.kept) == 300
    assert few.problems == []
    assert told in few.remarks[0]
    assert "3 of 303 calibration pictures" in few.remarks[0]
    assert "(bad/0.jpg); left out" in few.remarks[0]
    many = _check([*_looks(200), *_looks(100, "bad", fault=fault)])
    assert told in many.problems[0]
    assert "100 of 300" in many.problems[0]


def test_copies_and_held_out_pictures_do_not_count() -> None:
    looks, val = _looks(300), _looks(40, "val")
    verdict = _check([*looks, *looks[:50]], val)
    assert len(verdict.kept) == 300
    assert "50 of 350 calibration pictures are exact copies" in verdict.problems[0]
    leaked = _check([*looks, *val[:5]], val)
    assert leaked.kept == looks
    assert "are pictures of the held-out split too" in leaked.remarks[0]


def test_too_few_are_refused_and_a_few_are_remarked() -> None:
    assert "7 usable calibration pictures, expected 8" in _check(_looks(7)).problems[0]
    assert _check(_looks(8)).problems == []
    assert "8 calibration pictures; 256 or more" in _check(_looks(8)).remarks[0]


def test_another_range_shows_against_held_out_pictures() -> None:
    dark = _check(_looks(300, mean_rgb=(30.0, 32.0, 34.0)))
    assert "much darker than held-out ones: mean level 32 against 11" in dark.problems[0]
    bright = _check(_looks(300, mean_rgb=(240.0,) * 3), _looks(40, "v", mean_rgb=(60.0,) * 3))
    assert "much brighter" in bright.problems[0]


def test_swapped_colours_are_remarked_where_they_show() -> None:
    verdict = _check(_looks(300, mean_rgb=(130.0, 110.0, 90.0)))
    assert "with red and blue swapped" in verdict.remarks[0]
    grey = _check(_looks(300, mean_rgb=(111.0, 110.0, 109.0)))
    assert grey.remarks == []


def test_small_pictures_are_refused_unless_held_out_ones_are_small_too() -> None:
    verdict = _check(_looks(300, wh=(96, 72)))
    assert "are 96 px on their long side, held-out ones 768 px" in verdict.problems[0]
    both = _check(_looks(300, wh=(96, 72)), _looks(40, "val", wh=(96, 72)))
    assert both.problems == []
    assert "are enlarged to 416 px" in both.remarks[0]
