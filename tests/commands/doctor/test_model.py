"""What the doctor says of backends and bundles."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.commands.doctor import Check, Status
from edgedet.commands.doctor.model import examine
from edgedet.manifest import MODEL_FILE, GoldenCase, read_bundle, read_golden
from tests.detect.engine.devices import make_machine
from tests.runs import tiny_settings


def _examine(tmp_path: Path, **model: object) -> dict[str, Check]:
    settings = tiny_settings(tmp_path)
    changed = settings.model_copy(update={"model": settings.model.model_copy(update=model)})
    return {check.name: check for check in examine(changed)}


def test_without_a_configuration_the_backends_are_listed() -> None:
    (check,) = examine(None)
    assert "onnxruntime" in check.detail


def test_a_bundle_that_answers_as_it_should(tmp_path: Path) -> None:
    checks = _examine(tmp_path)
    assert checks["model"].status is Status.PASS
    assert checks["backend onnxruntime"].status is not Status.FAIL


def test_a_damaged_bundle(tmp_path: Path) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    path = bundle / MODEL_FILE
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    checks = _examine(tmp_path)
    assert checks["model"].status is Status.FAIL
    assert "backend onnxruntime" not in checks


def test_for_auto_a_backend_that_fails_is_a_warning_while_another_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "edgedet.commands.doctor.model.available_backends", lambda: ("tensorrt", "onnxruntime")
    )
    checks = _examine(tmp_path, backend="auto")
    assert checks["backend tensorrt"].status is Status.WARN
    assert _examine(tmp_path, backend="tensorrt")["backend tensorrt"].status is Status.FAIL


def test_answers_that_are_not_the_golden_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(Path(__file__).parents[3] / "models/person")
    golden = read_golden(bundle)
    assert golden is not None
    shifted = GoldenCase(golden.images_nhwc, (golden.candidates + 9).astype(np.float32))
    monkeypatch.setattr("edgedet.commands.doctor.model.read_golden", lambda _: shifted)
    check = _examine(tmp_path, bundle=bundle.folder)["backend onnxruntime"]
    assert check.status is Status.FAIL
    assert "are not the golden ones" in check.detail


def test_where_tensorrt_is_a_gpu_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = make_machine(monkeypatch)
    check = next(check for check in examine(None) if check.name == "gpu")
    assert (check.status, machine.gpu.name in check.detail) == (Status.PASS, True)
    machine.assert_clean()
    engine = _examine(tmp_path, backend="tensorrt")["backend tensorrt"]
    assert engine.status is Status.FAIL
    assert "build-engine" in engine.fix


def test_tensorrt_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgedet.commands.doctor.model.available_backends", lambda: ("tensorrt",))
    monkeypatch.setattr("edgedet.detect.cuda.choice._is_installed", lambda _: False)
    check = next(check for check in examine(None) if check.name == "gpu")
    assert check.status is Status.FAIL
