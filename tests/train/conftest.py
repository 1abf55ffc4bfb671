"""Settings for all tests of the training room."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Keep torch to one thread: the work is small, and more of them only wait for each other."""
    torch.set_num_threads(1)
