"""When the service counts as stuck."""

import pytest
from pydantic import ValidationError

from edgedet.config.health import HealthSettings


def test_default_leaves_time_for_a_slow_batch() -> None:
    assert HealthSettings().stall_limit_s == 60.0


@pytest.mark.parametrize("value", [4.9, 3601, "soon", None])
def test_refuses_limits_out_of_range(value: object) -> None:
    with pytest.raises(ValidationError):
        HealthSettings.model_validate({"stall_limit_s": value})
