"""Two processes do what one does: `two_processes.py` under torchrun, and here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.engine.two_processes import facts
from train.engine.world import ALONE

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("two_processes.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


def run(*arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    two = tmp_path_factory.mktemp("world") / "two.json"
    run(*TORCHRUN, SCRIPT, two)
    return [facts(ALONE), json.loads(two.read_text(encoding="utf-8"))]


def test_two_processes_end_with_the_weights_of_one(
    one_and_two: list[dict[str, object]],
) -> None:
    """Exact but for the order of sums in float32; statistics of normalisation held."""
    one, two = one_and_two
    assert two["weights"] == pytest.approx(one["weights"], rel=1e-4, abs=1e-6)
    assert two["terms"] == pytest.approx(one["terms"], rel=1e-5)
    assert two["updates"] == one["updates"] == 2


def test_statistics_and_averages_are_the_same_in_both(
    one_and_two: list[dict[str, object]],
) -> None:
    for name in ("statistics", "averages"):
        values = one_and_two[1][name]
        assert isinstance(values, list)
        assert values[0] == values[1]
    assert one_and_two[1]["first"] == 0


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_the_trouble_of_one_ends_both_with_its_message_once(tmp_path: Path) -> None:
    told = run(*TORCHRUN, SCRIPT, tmp_path / "none.json", "fail", code=1)
    lines = [line for line in told.splitlines() if "picture 7.png is broken" in line]

    assert len([line for line in lines if "DataError" in line]) == 1
    assert not (tmp_path / "none.json").exists()
