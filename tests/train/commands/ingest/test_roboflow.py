"""`train ingest roboflow`: exports as they come, with paths that lead nowhere."""

import shutil
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from tests.train.console import call
from train.data.dataset import read_data_yaml

ORIGIN = {"workspace": "acme", "project": "gates", "version": 3, "license": "CC BY 4.0"}


def make_export(folder: Path, **changes: object) -> Path:
    """As YOLOv7 PyTorch: folder `valid`, key `val`, paths from a training code's own folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 6), ("valid", 2), ("test", 1)):
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
        for number in range(count):
            name = f"gate_{split}{number}_jpg.rf.{number}abc"
            image = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / split / "images" / f"{name}.jpg"), image)
            row = f"{number % 2} 0.5 0.5 0.25 0.25"  # without a line end, as Roboflow writes them
            (folder / split / "labels" / f"{name}.txt").write_text(row, encoding="utf-8")
    content = {
        "train": "../train/images",
        "val": "../valid/images",
        "test": "../test/images",
        "nc": 2,
        "names": ["car", "person"],
        "roboflow": ORIGIN,
    }
    content = {key: value for key, value in (content | changes).items() if value is not None}
    (folder / "data.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "README.roboflow.txt").write_text("gates - v3\n", encoding="utf-8")
    return folder


def make_zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def ingest(export: Path, out: Path, *options: object) -> int:
    return call("ingest", "roboflow", "--export", export, "--out", out, *options)


@pytest.mark.parametrize("zipped", [False, True])
def test_an_export_becomes_a_set_with_its_own_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], zipped: bool
) -> None:
    export = make_export(tmp_path / "export")
    if zipped:
        export = make_zip(export, tmp_path / "gates.zip")

    assert ingest(export, tmp_path / "out") == 0
    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert {split: len(paths) for split, paths in spec.splits.items()} == {
        "train": 6,
        "val": 2,
        "test": 1,
    }
    assert spec.samples("val")[1].labels.tolist() == [[1, 0.5, 0.5, 0.25, 0.25]]
    written = yaml.safe_load((tmp_path / "out" / "data.yaml").read_text(encoding="utf-8"))
    assert written["origin"] == {"roboflow": ORIGIN}
    assert (tmp_path / "out" / "README.roboflow.txt").is_file()
    told = capsys.readouterr().err
    assert "note: val: data.yaml names ../valid/images, taken from valid/images" in told
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"train": "train/images", "val": "valid/images", "test": None},
        {"train": "/content/gates-3/train/images", "val": "/content/gates-3/valid/images"},
        {"val": None, "valid": "../valid/images"},
        {"val": None},
    ],
)
def test_paths_of_every_kind_lead_to_the_pictures(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    assert ingest(make_export(tmp_path / "export", **changes), tmp_path / "out") == 0
    spec = read_data_yaml(tmp_path / "out" / "data.yaml")
    assert [len(spec.splits[s]) for s in ("train", "val", "test")] == [6, 2, 1]


def test_a_folder_that_is_there_is_not_used_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = make_export(tmp_path / "export")
    assert ingest(export, tmp_path / "out") == 0
    assert ingest(export, tmp_path / "out") == 1
    assert "is not empty; choose another one or remove it" in capsys.readouterr().err


def test_the_order_of_the_demonstration_model_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = Path(__file__).resolve().parents[4] / "models" / "person"
    export = make_export(tmp_path / "export")

    for number, previous in enumerate((bundle, bundle / "weights.pt")):
        out = tmp_path / f"out{number}"
        assert ingest(export, out, "--previous", previous) == 0
        spec = read_data_yaml(out / "data.yaml")
        assert spec.class_names == ("person", "car")
        assert [int(s.labels[0, 0]) for s in spec.samples("train")] == [1, 0, 1, 0, 1, 0]
    assert "put in the order of the previous model: person, car" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda e: (e / "data.yaml").unlink(), "has no data.yaml; export the version as"),
        (lambda e: shutil.rmtree(e / "train"), "no pictures to train on"),
        (
            lambda e: next((e / "train" / "labels").iterdir()).write_text("2 .5 .5 .1 .1"),
            "class 2, expected a whole number from 0 to 1",
        ),
    ],
)
def test_an_export_that_cannot_be_right_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], object],
    told: str,
) -> None:
    export = make_export(tmp_path / "export")
    spoil(export)

    assert ingest(export, tmp_path / "out") == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_damaged_zip_and_none_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    for source, told in (("a.zip", "cannot unpack"), ("none.zip", "no Roboflow export at")):
        assert ingest(tmp_path / source, tmp_path / "out") == 1
        assert told in capsys.readouterr().err


def test_wrong_usage_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROBOFLOW_API_KEY", raising=False)
    common = ("ingest", "roboflow", "--out", tmp_path / "out")
    assert call(*common) == 2
    assert call(*common, "--version", "acme/gates") == 2
    assert call(*common, "--version", "acme/gates/3") == 2
    assert "no Roboflow key: set ROBOFLOW_API_KEY, or give" in capsys.readouterr().err


def test_a_version_is_downloaded_with_a_key_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's own behaviour is tested with the real one, in test_roboflow_sdk.py."""
    asked: list[object] = []

    class Version:
        def download(self, form: str, location: str, overwrite: bool) -> None:
            asked.append([form, overwrite])
            make_export(Path(location))

    chain = types.SimpleNamespace(version=lambda _: Version())
    workspace = types.SimpleNamespace(project=lambda _: chain)

    def client(api_key: str) -> types.SimpleNamespace:
        asked.append(api_key)
        return types.SimpleNamespace(workspace=lambda _: workspace)

    monkeypatch.setitem(sys.modules, "roboflow", types.SimpleNamespace(Roboflow=client))
    (tmp_path / "key").write_text("s3cret\n", encoding="utf-8")
    options = ("--version", "acme/gates/3", "--api-key-file", tmp_path / "key")

    assert call("ingest", "roboflow", "--out", tmp_path / "out", *options) == 0
    assert asked == ["s3cret", ["yolov7", True]]
    assert len(read_data_yaml(tmp_path / "out" / "data.yaml").splits["train"]) == 6
    written = capsys.readouterr()
    assert "s3cret" not in written.err + written.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["key", "out"]


@pytest.mark.parametrize("zipped", [False, True])
def test_pictures_of_a_set_beside_the_export_are_left_alone(tmp_path: Path, zipped: bool) -> None:
    make_export(tmp_path / "other")
    shutil.move(tmp_path / "other" / "train", tmp_path / "train")  # where ../train/images leads
    for path in sorted((tmp_path / "train" / "images").iterdir()):
        path.rename(path.with_stem(f"other-{path.stem}"))
    export = make_export(tmp_path / "export")
    if zipped:
        export = make_zip(export, tmp_path / "gates.zip")

    assert ingest(export, tmp_path / "out") == 0
    train = read_data_yaml(tmp_path / "out" / "data.yaml").samples("train")
    assert [sample.path.name[:6] for sample in train] == ["gate_t"] * 6


def test_a_zip_that_has_nowhere_to_be_unpacked_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = make_zip(make_export(tmp_path / "export"), tmp_path / "gates.zip")

    assert ingest(export, Path("/proc/gates")) == 1  # where not even root makes folders
    assert "error: cannot make a folder in /proc: " in capsys.readouterr().err
