"""Limits that contradict each other are refused."""

import pytest
from pydantic import ValidationError

from edgedet.config.picture import PictureSettings


def test_opening_again_comes_after_freezing_or_never() -> None:
    assert PictureSettings(frozen_after_s=60, reopen_after_s=0).reopen_after_s == 0
    with pytest.raises(ValidationError, match="must not be below frozen_after_s"):
        PictureSettings(frozen_after_s=60, reopen_after_s=30)
