"""`train refresh`, whole: what it leaves, how it goes on after a kill, what it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edgedet.manifest import read_bundle, verify_bundle
from tests.train.console import call, make_data
from tests.train.refresh.camera import squares

# a whole run, after that of the fixtures: fifteen seconds, and many more on a busy machine
pytestmark = pytest.mark.timeout(180)
STEPS = ["check.json", "export.json", "fit.json", "labels.json", "merge.json", "verdict.json"]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a frozen test set, the set so far, and ten new pictures of a camera."""
    folder = tmp_path_factory.mktemp("sets")
    squares(folder / "frozen", "test", 6, seed=1)
    for label in (folder / "frozen" / "labels" / "test").iterdir():
        label.write_text("0 0.5 0.98 0.9 0.03\n", encoding="utf-8")  # where nobody sees anything
    make_data(folder / "previous")
    squares(folder / "new", "train", 10, seed=3, source_id="gate")
    return folder


def arguments(sets: Path, deployed: Path, out: Path, **more: object) -> list[object]:
    given: dict[str, object] = {
        "model": deployed,
        "data": sets / "new",
        "previous": sets / "previous" / "data.yaml",
        "test": sets / "frozen" / "data.yaml",
        "out": out,
        "newest-share": 0,
        "val-share": 0.2,
        "epochs": 1,
        "batch-size": 4,
        "workers": 0,
        "threads": 1,
        "device": "cpu",
    }
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    options = [
        part for key, value in given.items() if value is not None for part in (f"--{key}", value)
    ]
    return ["refresh", *options]


@pytest.fixture(scope="module")
def refused(sets: Path, exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refresh that taught nothing."""
    out = tmp_path_factory.mktemp("refreshes") / "one"
    assert call(*arguments(sets, exported, out)) == 1
    return out


def test_a_model_that_is_no_better_is_refused_with_the_reason(refused: Path) -> None:
    report = json.loads((refused / "report.json").read_text(encoding="utf-8"))

    assert report["accepted"] is False
    assert report["reasons"][0].endswith(": not better")
    assert (report["old"]["version"], report["new"]["version"]) == ("1", "2")
    assert report["frozen_test_set"]["ap"]["objects"] == 6
    assert not (refused / "bundle").exists()
    assert sorted(path.name for path in (refused / "steps").iterdir()) == STEPS


def test_the_page_needs_nothing_else_and_tells_the_verdict_first(refused: Path) -> None:
    page = (refused / "report.html").read_text(encoding="utf-8")

    assert page.index("Refused: the deployed model stays") < page.index("AP@50:95 by class")
    assert 'src="http' not in page


def test_the_same_command_again_says_the_same_and_does_nothing(
    refused: Path, sets: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (refused / "fit" / "last.pt").stat()

    assert call(*arguments(sets, exported, refused)) == 1
    told = capsys.readouterr().err
    assert "going on with the refresh" in told
    assert "refused: the deployed model stays" in told
    assert "-- fit" not in told
    assert (refused / "fit" / "last.pt").stat().st_mtime_ns == before.st_mtime_ns


def test_another_command_for_the_same_folder_is_refused(
    refused: Path, sets: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments(sets, exported, refused, epochs=2)) == 2
    assert "was begun with --epochs 1, not 2" in " ".join(capsys.readouterr().err.split())


def test_a_step_whose_stamp_is_missing_is_done_again_from_there(
    refused: Path, sets: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "copy"
    shutil.copytree(refused, out)
    for name in ("export", "verdict"):  # as after a kill inside the export
        (out / "steps" / f"{name}.json").unlink()
    (out / "float" / "model.onnx").write_bytes(b"half")

    assert call(*arguments(sets, exported, out)) == 1
    told = capsys.readouterr().err
    assert "-- export" in told
    assert "-- fit" not in told
    verify_bundle(read_bundle(out / "float"))


def test_problems_of_the_data_stop_it_and_mended_labels_are_read_anew(
    sets: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    previous = tmp_path / "previous"
    shutil.copytree(sets / "previous", previous)
    out, data_yaml = tmp_path / "out", previous / "data.yaml"
    content = yaml.safe_load(data_yaml.read_text(encoding="utf-8"))
    data_yaml.write_text(yaml.safe_dump(content | {"names": ["square", "dog"]}), encoding="utf-8")
    label = previous / "labels" / "val" / "1.txt"
    label.write_text("1 0.5 0.5 0.2 0.2\n", encoding="utf-8")

    given = arguments(sets, exported, out, previous=data_yaml)
    assert call(*given) == 1
    told = capsys.readouterr().err
    assert "classes that are scored and never trained" in told
    assert "mend these, and give the same command again" in told

    label.write_text("0 0.5 0.5 0.2 0.2\n", encoding="utf-8")
    # a device that is none: it ends where training would begin
    given = arguments(sets, exported, out, previous=data_yaml, device="gpu")
    assert call(*given) == 2
    told = capsys.readouterr().err
    assert "-- merge" in told
    assert "-- fit" in told
    assert "classes that are scored and never trained" not in told


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ({"roboflow": "acme/gates/3"}, 2, "give the new labels as one of --samples FOLDER"),
        ({"data": None}, 2, "got 0 of them"),
        ({"labels": "somewhere"}, 2, "--labels and --accept-predictions belong to --samples"),
        ({"newest_share": 1.2}, 2, "expected shares from 0"),
        ({"test_split": "all"}, 2, "--test-split all: expected one of auto, test, val, train"),
        ({"recipe": "magic"}, 2, "no recipe 'magic'"),
        ({"model": "nowhere"}, 1, "no model bundle in 'nowhere'"),
        ({"test": "nowhere.yaml"}, 1, "cannot read data set description nowhere.yaml"),
        ({"data": None, "roboflow": "acme/gates/3"}, 2, "no Roboflow key"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_nonsense_is_refused(
    sets: Path,
    exported: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, object],
    code: int,
    told: str,
) -> None:
    monkeypatch.delenv("ROBOFLOW_API_KEY", raising=False)
    given = arguments(sets, exported, tmp_path / "out", **more)

    assert call(*given) == code
    assert told in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_again_and_again_it_ends_as_if_nothing_had_been(
    refused: Path, sets: Path, exported: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "train", *map(str, arguments(sets, exported, out))]
    code, kills = None, 0
    while code is None:
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                code = process.wait(5.0 + 1.5 * kills)  # each a little later than the one before
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1

    assert (code, kills > 2) == (1, True)
    before, after = (
        json.loads((each / "report.json").read_text("utf-8")) for each in (refused, out)
    )
    for name in ("reasons", "frozen_test_set"):
        assert after[name] == before[name]
    assert after["steps"]["merge"] == before["steps"]["merge"]
    verify_bundle(read_bundle(out / "float"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_model_that_learned_is_a_bundle(sets: Path, exported: Path, tmp_path: Path) -> None:
    new = squares(tmp_path / "new", "train", 40, seed=5, source_id="gate").parent
    frozen = squares(tmp_path / "frozen", "test", 10, seed=6)
    out = tmp_path / "out"
    given = arguments(
        sets, exported, out, data=new, test=frozen, epochs=15, recipe="scratch", newest_share=0.2
    )

    assert call(*given) == 0

    bundle = read_bundle(out / "bundle")
    verify_bundle(bundle)
    assert bundle.manifest.golden is not None
    assert bundle.manifest.version == "2"
    assert bundle.manifest.training is not None
    assert bundle.manifest.training.note == "tiny"
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert bundle.manifest.training.ap == pytest.approx(report["frozen_test_set"]["ap"]["new"])
    assert [one["name"] for one in report["newest_frames"]["cameras"]] == ["gate"]
    assert call(*given) == 0
