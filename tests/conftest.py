"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of reference data (`parity/`, `pets09/`, …); skips where there is none."""
    folder = os.environ.get("EDGEDET_TEST_DATA")
    if not folder:
        pytest.skip("EDGEDET_TEST_DATA is not set: no reference data here")
    if not Path(folder).is_dir():
        pytest.skip(f"EDGEDET_TEST_DATA={folder} is not a folder")
    return Path(folder)
