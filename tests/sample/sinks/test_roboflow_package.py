"""Roboflow's own package: what it returns and raises, in our words; and the real one, if here."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgedet.config.sampling import RoboflowSettings
from edgedet.errors import ConfigError
from edgedet.sample.base import SinkBusyError, SinkClosedError, SinkRefusalError
from edgedet.sample.sinks.roboflow_package import RoboflowPackageSink
from edgedet.sim.label_faults import LabelFault
from edgedet.sim.label_service import LabelOptions, LabelService
from tests.rules.tree import ROOT
from tests.sample.sinks.parcels import parcel

KEY = "rf-Very-Secret-1234"
NAME = "roboflow.adapters.rfapi"


class ImageUploadError(Exception):
    """As the package raises it."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


def settings(folder: Path) -> RoboflowSettings:
    path = folder / "key"
    path.write_text(KEY, encoding="utf-8")
    return RoboflowSettings(project="frames", api_key_file=path, client="package")


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """In place of the package, which is seldom installed: its functions are set by the test."""
    api = SimpleNamespace(upload_image=None, save_annotation=None)
    real = importlib.import_module

    def find(name: str) -> Any:  # noqa: ANN401 - as import_module
        return api if name == NAME else real(name)

    monkeypatch.setattr(importlib, "import_module", find)
    return api


def returning(value: object) -> Callable[..., object]:
    return lambda *_args, **_kwargs: value


def raising(error: Exception) -> Callable[..., object]:
    def fail(*_args: object, **_kwargs: object) -> object:
        raise error

    return fail


def test_what_the_package_is_asked_for(package: SimpleNamespace, tmp_path: Path) -> None:
    asked: list[tuple[tuple[object, ...], dict[str, object]]] = []

    def note(*args: object, **kwargs: object) -> dict[str, object]:
        asked.append((args, kwargs))
        return {"success": True, "id": "a1"}

    package.upload_image = package.save_annotation = note
    sink, sent = RoboflowPackageSink(settings(tmp_path)), parcel(tmp_path)

    receipt = sink.upload(sent)
    sink.annotate(sent, receipt.remote_id)

    assert [args for args, _ in asked] == [(KEY, "frames")] * 2
    assert asked[0][1] == {
        "image_path": str(sent.picture),
        "split": "train",
        "batch_name": "bench-gate-2026-05-04",
        "tag_names": ["night", "unsure"],
    }
    assert asked[1][1]["annotation_labelmap"] == {"0": "person", "1": "car", "2": "bicycle"}
    assert asked[1][1]["is_prediction"] is True


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ImageUploadError("slow down", 429), SinkBusyError),
        (ImageUploadError("bad gateway", 502), SinkBusyError),
        (ImageUploadError("too large", 413), SinkRefusalError),
        (ImageUploadError(f"key {KEY} is not known", 401), SinkClosedError),
        (ConnectionError(f"https://api?api_key={KEY}"), SinkBusyError),
    ],
)
def test_what_it_raises_is_told_apart_without_the_key(
    package: SimpleNamespace, tmp_path: Path, error: Exception, kind: type[Exception]
) -> None:
    package.upload_image = raising(error)
    with pytest.raises(kind) as caught:
        RoboflowPackageSink(settings(tmp_path)).upload(parcel(tmp_path))

    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_already_annotated_is_good_enough(package: SimpleNamespace, tmp_path: Path) -> None:
    package.save_annotation = returning({"warn": "already annotated"})
    RoboflowPackageSink(settings(tmp_path)).annotate(parcel(tmp_path), "a1")


def test_without_the_package_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib, "import_module", raising(ImportError("no roboflow")))
    with pytest.raises(ConfigError, match=r"pip install 'edgedet\[roboflow\]'"):
        RoboflowPackageSink(settings(tmp_path))


SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from edgedet.sample.base import SinkBusyError, SinkRefusalError
from edgedet.sample.sinks.roboflow_package import RoboflowPackageSink
from tests.sample.sinks.parcels import parcel
from tests.sample.sinks.test_roboflow_package import settings
folder = Path(sys.argv[2])
sink, sent, said = RoboflowPackageSink(settings(folder)), parcel(folder), []
for _ in range(12):
    try:
        receipt = sink.upload(sent)
        sink.annotate(sent, receipt.remote_id)
        break
    except (SinkBusyError, SinkRefusalError) as exc:
        said.append(str(exc))
print(json.dumps([receipt.remote_id, said]))
"""


def _python_with_the_package() -> str:
    """A Python that has the package: this one, or the one that the variable names."""
    named = os.environ.get("EDGEDET_ROBOFLOW_PYTHON")
    if named:
        return named
    pytest.importorskip("roboflow", reason="the roboflow package is not installed")
    return sys.executable


def test_the_real_package_delivers_through_every_fault(tmp_path: Path) -> None:
    python = _python_with_the_package()
    service = LabelService(LabelOptions(project="frames", api_key=KEY))
    for fault in (
        LabelFault("server_error", on="upload"),
        LabelFault("rate_limited", on="upload"),
        LabelFault("lost_answer", on="upload"),
        LabelFault("hidden", on="annotate"),
        LabelFault("server_error", on="annotate"),
    ):
        service.inject(fault)
    with service:
        done = subprocess.run(
            [python, "-c", SCRIPT, str(ROOT), str(tmp_path)],
            env={**os.environ, "API_URL": service.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )
    assert done.returncode == 0, done.stderr
    remote_id, said = json.loads(done.stdout.splitlines()[-1])
    assert len(said) == 5
    assert KEY not in done.stdout + done.stderr
    (image,) = service.images
    assert (image.id, image.is_prediction) == (remote_id, True)
    assert image.content == (tmp_path / "gate-0000.jpg").read_bytes()
    assert set(image.tags) == {"night", "unsure"}
