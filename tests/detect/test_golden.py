"""Golden pictures, and answers that differ from them."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.detect.golden import golden_deviation
from edgedet.manifest import GoldenCase, read_bundle, read_golden
from tests.models.bundles import make_bundle

PERSON = read_bundle(Path(__file__).parents[2] / "models/person")


@pytest.fixture
def golden() -> GoldenCase:
    golden = read_golden(PERSON)
    assert golden is not None
    return golden


def test_the_golden_answers_are_right(golden: GoldenCase) -> None:
    answers = iter(golden.candidates)
    assert golden_deviation(PERSON, golden, lambda _: next(answers)[None]) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows + 9, "are not the golden ones"),
        (lambda rows: rows[:-1], "the answer has the shape"),
        (lambda rows: rows * np.nan, "is not finite"),
    ],
)
def test_other_answers_are_told(golden: GoldenCase, change: object, message: str) -> None:
    assert callable(change)
    answers = iter(golden.candidates)
    told = golden_deviation(
        PERSON, golden, lambda _: np.asarray(change(next(answers)), dtype=np.float32)[None]
    )
    assert message in told


def test_without_golden_pictures_there_is_nothing_to_differ_from(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "made", golden=None)
    assert golden_deviation(bundle, None, lambda _: np.zeros((1, 1, 7), np.float32)) == ""
