"""Two bundles of random networks: one that is deployed, and one that may take its place."""

import pytest

from edgedet.manifest import Bundle
from tests.train.quantize.settings import float_bundle


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """For pictures of 64 x 96, of the classes class-0 and class-1."""
    return float_bundle(tmp_path_factory.mktemp("deployed") / "bundle")


@pytest.fixture(scope="session")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same with other weights."""
    return float_bundle(tmp_path_factory.mktemp("candidate") / "bundle", seed=1)
