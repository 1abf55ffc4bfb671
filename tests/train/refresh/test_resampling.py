"""AP of weighed pictures is that of pycocotools; intervals say what may be chance."""

import numpy as np
import pytest

from tests.train.refresh.made import Scored, scored
from train.evaluate.coco import coco_scores
from train.refresh.resampling import gain_interval, gather, mean_ap


def some(seed: int, count: int = 30, shift_px: float = 4.0) -> list[Scored]:
    rng = np.random.default_rng(seed)
    return [scored(rng, 3, shift_px) for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_pictures_counted_once_give_cocos_ap(seed: int) -> None:
    pictures = some(seed)
    evidence, once = gather(pictures, 3), np.ones(30, dtype=np.int64)

    expected = coco_scores(pictures, 3)

    assert mean_ap(evidence, once) == pytest.approx(expected.ap(), abs=1e-9)
    assert mean_ap(evidence, once, slice(0, 1)) == pytest.approx(expected.ap50(), abs=1e-9)
    for class_id in range(3):
        assert evidence[class_id].ap(once) == pytest.approx(expected.ap("all", class_id), abs=1e-9)


def test_weights_are_repetitions() -> None:
    pictures = some(7)
    weights = np.random.default_rng(0).integers(0, 3, 30)
    repeated = [one for one, weight in zip(pictures, weights, strict=True) for _ in range(weight)]

    # pictures drawn twice tie in their scores; COCO takes ties as they come, so do we
    expected = coco_scores(repeated, 3)

    assert mean_ap(gather(pictures, 3), weights) == pytest.approx(expected.ap(), abs=0.01)


def test_a_class_without_objects_counts_for_nothing() -> None:
    pictures = some(1)
    once = np.ones(30, dtype=np.int64)

    assert np.isnan(gather(pictures, 4)[3].ap(once))
    assert mean_ap(gather(pictures, 4), once) == mean_ap(gather(pictures, 3), once)
    assert np.isnan(mean_ap(gather(pictures, 3), 0 * once))


def test_a_clear_gain_lies_above_nought_and_none_around_it() -> None:
    coarse, fine, other = some(3, 60, 6.0), some(3, 60, 1.0), some(3, 60, 6.0)
    everywhere = np.ones(60, dtype=np.bool_)

    clear = gain_interval(gather(coarse, 3), gather(fine, 3), everywhere)
    same = gain_interval(gather(coarse, 3), gather(other, 3), everywhere)

    assert clear is not None
    assert same is not None
    once = np.ones(60, dtype=np.int64)
    gain = mean_ap(gather(fine, 3), once) - mean_ap(gather(coarse, 3), once)
    assert 0 < clear[0] < gain < clear[1]
    assert same == (0.0, 0.0)


def test_fewer_pictures_give_a_wider_interval() -> None:
    coarse, fine = gather(some(3, 300, 6.0), 3), gather(some(3, 300, 3.0), 3)
    few = np.arange(300) < 12

    wide, narrow = (gain_interval(coarse, fine, who) for who in (few, few | True))

    assert wide is not None
    assert narrow is not None
    assert wide[1] - wide[0] > narrow[1] - narrow[0]


def test_one_picture_has_no_interval() -> None:
    evidence = gather(some(1), 3)

    assert gain_interval(evidence, evidence, np.arange(30) < 1) is None
