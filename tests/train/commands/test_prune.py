"""`train prune`: the file it leaves is taken by the other commands."""

import json
from pathlib import Path

import pytest

from tests.train.console import SIDE, call, fit_arguments
from train.model import load_model


@pytest.fixture(scope="module")
def narrow(data: Path, finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's network without a third of its channels."""
    out = tmp_path_factory.mktemp("narrow") / "narrow.pt"
    weights = finished / "best.pt"
    assert call("prune", "--weights", weights, "--data", data, "--share", 0.3, "--out", out) == 0
    return out


def test_every_width_is_a_multiple_of_eight_and_the_facts_stay(narrow: Path) -> None:
    model, info = load_model(narrow)
    widths = [row.channels for row in model.architecture.layers if row.channels]

    assert all(width % 8 == 0 for width in widths)
    assert sum(p.numel() for p in model.parameters()) < 0.8 * 6_014_988
    assert info.metadata["pruned_from"] == "best.pt"
    assert (info.names, info.metadata["image_size"]) == (("square",), SIDE)


def test_it_is_scored_folded_exported_and_pruned_again(
    data: Path, narrow: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folded, bundle, again = tmp_path / "f.pt", tmp_path / "bundle", tmp_path / "again.pt"
    assert call("reparameterize", "--weights", narrow, "--out", folded) == 0
    assert call("evaluate", "--weights", folded, "--data", data, "--json") == 0
    assert call("export", "--weights", narrow, "--out", bundle) == 0
    capsys.readouterr()
    options = ("--criterion", "gamma", "--scope", "layer", "--json")
    assert call("prune", "--weights", narrow, "--data", data, "--out", again, *options) == 0
    costs = json.loads(capsys.readouterr().out)

    assert costs["after"]["parameters"] < costs["before"]["parameters"]
    assert costs["after"]["gflops"] < costs["before"]["gflops"]
    assert call("prune", "--weights", folded, "--data", data, "--out", again) == 1
    assert "cannot prune a folded network" in capsys.readouterr().err


def test_a_run_starts_from_it_and_keeps_its_widths(
    data: Path, narrow: Path, tmp_path: Path
) -> None:
    assert call(*fit_arguments(data, tmp_path / "run"), "--weights", narrow) == 0
    trained, _ = load_model(tmp_path / "run" / "best.pt")
    assert trained.architecture == load_model(narrow)[0].architecture


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--criterion", "luck"), 2, "--criterion luck: expected one of taylor, gamma"),
        (("--scope", "all"), 2, "--scope all: expected one of global, layer"),
        (("--image-size", 100), 2, "--image-size 100: expected a multiple of 32"),
        (("--weights", "nowhere.pt"), 1, "nowhere.pt"),
    ],
)
def test_refuses_what_cannot_be(
    data: Path,
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    out = tmp_path / "out.pt"
    weights = finished / "best.pt"
    assert call("prune", "--weights", weights, "--data", data, "--out", out, *options) == code
    assert told in capsys.readouterr().err
    assert not out.exists()
