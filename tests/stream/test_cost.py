"""The cost of a batch is what such batches usually take, whatever a single one did."""

import pytest

from edgedet.stream.cost import BatchCost


def _learn(cost: BatchCost, size: int, infer_s: float, runs: int = 10) -> None:
    for _ in range(runs):
        cost.add(size, infer_s)


def test_nothing_is_known_before_the_second_run() -> None:
    cost = BatchCost()
    cost.add(1, 60.0)  # allocates, and says nothing
    assert (cost.is_known, cost.usual_s(1), cost.cautious_s(1)) == (False, 0.0, 0.0)
    cost.add(1, 0.04)
    assert (cost.is_known, cost.usual_s(1), cost.cautious_s(1)) == (True, 0.04, 0.04)


def test_sizes_that_did_not_occur_are_never_cheaper_than_any_backend_makes_them() -> None:
    cost = BatchCost()
    _learn(cost, 2, 0.030)
    _learn(cost, 6, 0.050)
    assert cost.usual_s(1) == pytest.approx(0.030)
    assert cost.usual_s(4) == pytest.approx(0.040)
    assert cost.usual_s(12) == pytest.approx(0.100)


def test_a_hiccup_changes_nothing() -> None:
    cost = BatchCost()
    _learn(cost, 1, 0.04)
    cost.add(1, 3.0)
    assert cost.usual_s(1) == cost.cautious_s(1) == 0.04


def test_a_backend_five_times_slower_is_known_after_a_few_runs() -> None:
    cost = BatchCost()
    _learn(cost, 1, 0.04, 50)
    _learn(cost, 1, 0.2, 3)
    assert cost.cautious_s(1) == pytest.approx(0.2)
    _learn(cost, 1, 0.2, 1)
    assert cost.usual_s(1) == pytest.approx(0.2)
    assert cost.cautious_s(1) == pytest.approx(0.2)


def test_a_backend_that_recovers_is_known_after_a_few_runs() -> None:
    cost = BatchCost()
    _learn(cost, 1, 0.2, 50)
    _learn(cost, 1, 0.04, 20)
    assert cost.cautious_s(1) == pytest.approx(0.04)


def test_caution_covers_what_nine_in_ten_runs_take() -> None:
    cost = BatchCost()
    for number in range(40):
        cost.add(1, 0.04 if number % 4 else 0.06)
    assert cost.usual_s(1) == pytest.approx(0.04)
    assert cost.cautious_s(1) == pytest.approx(0.06)


def test_sizes_that_no_longer_occur_are_forgotten() -> None:
    cost = BatchCost()
    _learn(cost, 1, 0.04)
    _learn(cost, 4, 0.8, 64)
    assert cost.usual_s(1) == 0.8


def test_what_company_saves_is_what_is_paid_once() -> None:
    cost = BatchCost()
    assert cost.saved_s(1) == 0.0
    for size in (1, 2, 3):
        _learn(cost, size, 0.02 + 0.01 * size)
    assert cost.saved_s(2) == pytest.approx(0.02)


def test_another_model_costs_what_it_took_when_it_was_tried() -> None:
    cost = BatchCost()
    for _ in range(9):
        cost.add(4, 0.4)
    cost.restart(0.03)
    assert cost.usual_s(1) == pytest.approx(0.03)
    assert cost.usual_s(4) == pytest.approx(0.12)
    cost.add(4, 0.08)  # it is warm already
    assert cost.usual_s(4) == pytest.approx(0.08)
    cost.restart(None)
    assert not cost.is_known
