"""kill -9 at any step: ledger, disk and service agree in the end, and no budget was exceeded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgedet.sample.audit import Audit
from edgedet.sample.base import State
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.rules.tree import ROOT
from tests.sample.fakes import SteppingClock, store_in

KEY = "rf-Very-Secret-1234"


def die(
    folder: Path, service: LabelService, kind: str, numbers: tuple[int, int, int]
) -> dict[str, int]:
    """Let samples be kept and sent by processes that are killed; where they died."""
    key = folder / "key"
    key.write_text(KEY, encoding="utf-8")
    arguments = [str(folder), service.url, str(key), kind, *map(str, numbers)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.sample.kill_driver", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    died: dict[str, int] = json.loads(done.stdout)
    return died


def check(folder: Path, service: LabelService, kind: str, limit: int) -> None:
    store = store_in(folder / "store")
    found = store.ledger.samples()
    assert {each.state for each in found} == {State.DONE}
    assert store.reconcile().is_clean
    assert not list((folder / "store" / "frames").rglob("*.*"))
    paid = store.ledger.reading("SELECT COUNT(*) FROM spending")[0][0]
    assert len(found) == paid == store.ledger.counters()["kept"] <= limit
    names = sorted(f"{each.id}.jpg" for each in found)
    if kind == "folder":
        images = folder / "out" / "images" / "gate"
        assert sorted(path.name for path in images.glob("*.jpg")) == names
        labels = folder / "out" / "labels" / "gate"
        assert sorted(f"{path.stem}.jpg" for path in labels.glob("*.txt")) == names
    else:
        assert sorted(image.name for image in service.images) == names
        assert all(image.annotation and image.is_prediction for image in service.images)
    told = {line.sample_id for line in Audit(store.ledger, SteppingClock()).lines()}
    assert told == {each.id for each in found}


@pytest.mark.parametrize("kind", ["roboflow", "folder"])
def test_every_sample_arrives_once_whenever_it_is_killed(tmp_path: Path, kind: str) -> None:
    with LabelService(LabelOptions(project="frames", api_key=KEY)) as service:
        died = die(tmp_path, service, kind, (1, 12, 20))

    assert sum(died.values()) == 12
    assert len(died) > 4  # at different steps
    check(tmp_path, service, kind, 20)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["roboflow", "folder"])
def test_many_deaths(tmp_path: Path, kind: str, seed: int) -> None:
    with LabelService(LabelOptions(project="frames", api_key=KEY)) as service:
        died = die(tmp_path, service, kind, (100 + seed, 120, 200))

    assert len(died) > 6
    check(tmp_path, service, kind, 200)
