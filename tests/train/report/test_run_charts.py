import pytest

from tests.train.report.svg import words
from tests.train.report.test_run import ROWS, row
from train.report.run_charts import run_chart


def test_has_losses_ap_rate_and_speed_and_marks_the_best_epoch() -> None:
    found = words(run_chart(ROWS, 1))

    assert {"AP on val", "training loss, by term", "training speed, images/s"} <= set(found)
    assert {"box", "obj", "cls", "AP@50", "AP@50:95", "best.pt: epoch 2"} <= set(found)


@pytest.mark.parametrize("epochs", [1, 300])
def test_any_number_of_epochs_can_be_drawn(epochs: int) -> None:
    assert "AP on val" in words(run_chart([row(n, 0.1) for n in range(epochs)], None))
