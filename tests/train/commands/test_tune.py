"""`train tune`, whole: what it leaves, how it goes on, what it refuses."""

import csv
from pathlib import Path

import pytest

from tests.train.console import SIDE, call
from train.config import load_recipe

SPACE = "lr0: {low: 0.0005, high: 0.01, log: true}\n"


@pytest.fixture(scope="module")
def arguments(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    folder = tmp_path_factory.mktemp("tune")
    (folder / "space.yaml").write_text(SPACE, encoding="utf-8")
    given = {
        "data": data,
        "study": folder / "study.db",
        "space": folder / "space.yaml",
        "epochs": 1,
        "image-size": SIDE,
        "batch-size": 2,
        "workers": 0,
        "threads": 1,
        "device": "cpu",
    }
    return ["tune", *(part for key, value in given.items() for part in (f"--{key}", value))]


def test_leaves_a_recipe_and_a_table_and_goes_on(
    arguments: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(str(arguments[4])).with_suffix("")
    assert call(*arguments, "--trials", 1) == 0
    assert "trial 0 complete" in capsys.readouterr().err
    assert call(*arguments, "--trials", 2) == 0
    assert "2 trials are over; best" in capsys.readouterr().err

    rows = list(csv.DictReader((folder / "trials.csv").read_text("utf-8").splitlines()))
    assert [row["state"] for row in rows] == ["complete", "complete"]
    best = load_recipe(str(folder / "best.yaml"))
    assert f"{best.lr0}" in {row["lr0"] for row in rows}
    left = sorted(path.name for path in (folder / "trials" / "0001").iterdir())
    assert "best.pt" in left
    assert "last.pt" not in left

    assert call(*arguments, "--trials", 3, "--image-size", 96) == 2
    assert "was made with other values of image_size" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--space", "none.yaml"), 2, "cannot read search space none.yaml"),
        (("--study", "postgresql://host/db"), 2, "name a folder for the results with --out"),
        (("--pruner", "axe"), 2, "--pruner axe: expected one of median, hyperband, none"),
        (("--data", "none.yaml"), 1, "cannot read data set description none.yaml"),
    ],
)
def test_nonsense_is_refused(
    arguments: list[object],
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    code: int,
    told: str,
) -> None:
    assert call(*arguments, *options) == code
    assert told in " ".join(capsys.readouterr().err.split())
