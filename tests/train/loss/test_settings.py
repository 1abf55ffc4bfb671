"""Hyper-parameters as the loss reads them, and gains scaled to the data."""

import pytest

from train.loss.settings import TINY_HYP, LossSettings, scale_gains


def test_without_a_mapping_the_values_are_those_shipped_for_tiny() -> None:
    assert LossSettings.from_hyp(TINY_HYP) == LossSettings()
    assert LossSettings.from_hyp({}) == LossSettings()


def test_takes_what_it_knows_and_ignores_the_rest() -> None:
    settings = LossSettings.from_hyp({"box": 1, "loss_ota": 0, "mosaic": "a lot"})

    assert (settings.box, settings.loss_ota, settings.cls) == (1.0, 0.0, 0.5)


@pytest.mark.parametrize("value", ["0.05", None, [0.05]])
def test_refuses_a_value_that_is_no_number_by_name(value: object) -> None:
    with pytest.raises(ValueError, match=r"hyper-parameter obj_pw is .* expected a number"):
        LossSettings.from_hyp({"obj_pw": value})


def test_reference_conditions_leave_the_gains_alone() -> None:
    assert scale_gains(TINY_HYP, num_classes=80, image_size=640) == dict(TINY_HYP)


def test_gains_follow_classes_levels_and_area() -> None:
    scaled = scale_gains(TINY_HYP, num_classes=20, image_size=1280, levels=4)

    assert scaled["box"] == pytest.approx(0.05 * 3 / 4)
    assert scaled["cls"] == pytest.approx(0.5 * 20 / 80 * 3 / 4)
    assert scaled["obj"] == pytest.approx(1.0 * 4 * 3 / 4)
    assert scaled["anchor_t"] == TINY_HYP["anchor_t"]
