import logging
import subprocess
import sys
from pathlib import Path

import pytest

from edgedet.config.model import BackendName, ModelSettings
from edgedet.detect import ChoiceStore, available_backends, create_detector
from edgedet.errors import ModelError
from tests.detect.tiny_bundle import make_tiny_bundle


def settings(folder: Path, backend: BackendName) -> ModelSettings:
    return ModelSettings(bundle=folder, backend=backend, threads=1)


def hide(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_auto_takes_one_that_is_installed_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = make_tiny_bundle(tmp_path)
    store = ChoiceStore([tmp_path / "state"])
    with caplog.at_level(logging.INFO, "edgedet.detect"):
        detector = create_detector(bundle, settings(tmp_path, "auto"), store=store)
    assert detector.backend in available_backends()
    assert f"backend auto: {detector.backend}" in caplog.text
    assert create_detector(bundle, settings(tmp_path, "auto"), store=store).backend in caplog.text


def test_auto_does_without_openvino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "openvino", "tensorrt")
    assert available_backends() == ("onnxruntime",)
    bundle = make_tiny_bundle(tmp_path)
    assert create_detector(bundle, settings(tmp_path, "auto")).backend == "onnxruntime"


def test_a_missing_backend_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "openvino", "tensorrt")
    bundle = make_tiny_bundle(tmp_path)
    with pytest.raises(ModelError, match=r"'openvino' is not installed.*edgedet\[openvino\]"):
        create_detector(bundle, settings(tmp_path, "openvino"))


def test_no_backend_at_all_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "openvino", "onnxruntime", "tensorrt")
    bundle = make_tiny_bundle(tmp_path)
    with pytest.raises(ModelError, match="no inference backend is installed"):
        create_detector(bundle, settings(tmp_path, "auto"))


def test_tensorrt_that_is_missing_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "tensorrt")
    bundle = make_tiny_bundle(tmp_path)
    with pytest.raises(ModelError, match=r"'tensorrt' is not installed.*python3-libnvinfer"):
        create_detector(bundle, settings(tmp_path, "tensorrt"))


def test_importing_the_room_imports_no_backend() -> None:
    code = (
        "import sys\n"
        "for name in ('onnxruntime', 'openvino', 'tensorrt', 'torch'): sys.modules[name] = None\n"
        "import edgedet.detect.registry, edgedet.detect.onnxruntime, edgedet.detect.openvino\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.skipif("openvino" not in available_backends(), reason="openvino is not installed")
def test_openvino_reports_nothing_to_its_makers(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "tiny")
    code = (
        "import socket, sys\n"
        "from pathlib import Path\n"
        "from edgedet.detect.openvino import OpenVinoDetector\n"
        "from edgedet.manifest import read_bundle\n"
        "def refuse(*args): sys.exit('somebody looks for the network')\n"
        "socket.getaddrinfo = refuse\n"
        "OpenVinoDetector(read_bundle(Path(sys.argv[1])), threads=1).close()\n"
        "assert not [name for name in sys.modules if 'telemetry' in name]\n"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code, str(tmp_path / "tiny")]
    subprocess.run(command, check=True, timeout=60, env=environment)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
