"""A picture at a threshold: what is below it neither counts nor is a mistake."""

from pathlib import Path

from tests.train.report.test_gallery import BOX, FAR, result
from train.report.judged import JudgedPicture


class Case(JudgedPicture):
    """One of those who derive from it."""


def test_what_is_below_the_threshold_is_left_out(tmp_path: Path) -> None:
    picture = result(tmp_path, "a.png", [(BOX, 0.9), (FAR, 0.3)], [BOX, FAR])
    loose, strict = (Case.of(picture, score) for score in (0.2, 0.5))
    assert isinstance(strict, Case)
    assert loose.errors.missed.tolist() == [False, False]
    assert strict.errors.missed.tolist() == [False, True]
    assert strict.result.found.scores.tolist() == picture.found.scores[:1].tolist()
    assert strict.result.truth_xyxy is picture.truth_xyxy
