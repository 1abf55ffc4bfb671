"""Limits of the batcher's settings."""

import pytest
from pydantic import ValidationError

from edgedet.config.batch import BatchSettings


@pytest.mark.parametrize("values", [{"max_size": 1}, {"max_size": 64}, {"max_wait_ms": 0}])
def test_accepts(values: dict[str, float]) -> None:
    BatchSettings.model_validate(values)


@pytest.mark.parametrize(
    "values", [{"max_size": 0}, {"max_size": 65}, {"max_wait_ms": -1}, {"max_wait_ms": 2000}]
)
def test_refuses(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        BatchSettings.model_validate(values)
