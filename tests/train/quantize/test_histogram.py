import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.quantize.histogram import BINS, MagnitudeHistogram


def _of(*arrays: list[float]) -> MagnitudeHistogram:
    seen = MagnitudeHistogram()
    for array in arrays:
        seen.add(np.array(array, dtype=np.float32))
    return seen


def test_percentile_is_that_of_the_sizes_within_a_bin() -> None:
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    seen = _of(values.tolist())
    for percent in (50.0, 99.0, 99.99):
        expected = np.percentile(np.abs(values), percent)
        assert seen.percentile(percent) == pytest.approx(expected, abs=2 * seen.largest / BINS)
    assert seen.percentile(100.0) == seen.largest == pytest.approx(float(np.abs(values).max()))


@given(st.permutations([0.5, 1.0, 3.0, 40.0, 1000.0, 0.0]))
def test_the_order_of_pictures_changes_the_resolution_only(order: list[float]) -> None:
    seen = _of(*[[value] * 10 for value in order])
    assert seen.count == 60
    assert seen.largest == 1000.0
    for percent, expected in ((30.0, 0.5), (60.0, 3.0), (100.0, 1000.0)):
        assert seen.percentile(percent) == pytest.approx(expected, abs=2 * 1000 * 2 / BINS)


def test_zeros_count_for_percentiles() -> None:
    seen = _of([0.0] * 99, [1.0])
    assert seen.count == 100
    assert seen.percentile(50.0) < 0.01
    assert _of([0.0]).largest == 0.0


def test_least_error_cuts_a_lone_outlier_off_and_keeps_a_full_range() -> None:
    rng = np.random.default_rng(1)
    bulk = rng.normal(size=200_000).astype(np.float32)
    lone = _of([*bulk.tolist(), 40.0])
    assert 3.0 < lone.least_error() < 30.0
    flat = rng.uniform(-1, 1, 100_000).astype(np.float32)
    assert _of(flat.tolist()).least_error() == pytest.approx(1.0, abs=0.02)


def test_least_error_is_the_least_that_a_search_over_the_values_finds() -> None:
    values = np.abs(np.random.default_rng(2).standard_t(3, 50_000)).astype(np.float32)

    def error(amax: float) -> float:
        step = amax / 127
        return float(((values - np.minimum(np.rint(values / step), 127) * step) ** 2).sum())

    found = _of(values.tolist()).least_error()
    best = min(error(amax) for amax in np.linspace(0.5, values.max(), 400))
    assert error(found) <= 1.05 * best


def test_refuses_what_is_not_finite() -> None:
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match="expected finite"):
            _of([1.0, wrong])
