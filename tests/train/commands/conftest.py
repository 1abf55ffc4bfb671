"""A finished run of one epoch, and its bundle, made once for all tests of a process."""

from pathlib import Path

import pytest

from tests.train.console import call, fit_arguments, make_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `data.yaml` of six small pictures."""
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run."""
    out = tmp_path_factory.mktemp("runs") / "one"
    assert call(*fit_arguments(data, out)) == 0
    return out


@pytest.fixture(scope="session")
def exported(data: Path, finished: Path) -> Path:
    """The folder of the bundle."""
    out = finished.parent / "one-bundle"
    weights = finished / "best.pt"
    assert call("export", "--weights", weights, "--out", out, "--data", data, "--note", "tiny") == 0
    return out
