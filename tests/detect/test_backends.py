"""The same cases for every backend that is installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgedet.config.model import BackendName, ModelSettings
from edgedet.detect import Detector, available_backends, create_detector
from edgedet.errors import ModelError
from edgedet.manifest import MODEL_FILE, Bundle
from tests.detect.tiny_bundle import (
    TINY_COUNT,
    bright_square,
    describe,
    make_tiny_bundle,
    tiny_graph,
)
from tests.rules.tree import ROOT


@pytest.fixture(params=["onnxruntime", "openvino"])
def backend(request: pytest.FixtureRequest) -> BackendName:
    name: BackendName = request.param
    if name not in available_backends():
        pytest.skip(f"{name} is not installed")
    return name


def load(bundle: Bundle, backend: BackendName, max_batch: int = 1) -> Detector:
    settings = ModelSettings(bundle=bundle.folder, backend=backend, threads=1)
    return create_detector(bundle, settings, max_batch)


@pytest.fixture
def detector(tmp_path: Path, backend: BackendName) -> Detector:
    return load(make_tiny_bundle(tmp_path / "tiny"), backend)


def test_finds_the_bright_cell(detector: Detector) -> None:
    out = detector.infer(bright_square(1, 2)[None])
    assert out.shape == (1, TINY_COUNT, 7)
    assert out.dtype == np.float32
    assert out[0, 0].tolist() == [32, 16, 48, 32, 1, 0, 0]
    assert (out[0, 1:, 4] == 0).all()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_answers_every_picture_of_a_batch(detector: Detector, count: int) -> None:
    batch = np.stack([bright_square(index % 4, index % 6) for index in range(count)])
    out = detector.infer(batch)
    corners = [[(index % 6) * 16.0, (index % 4) * 16.0] for index in range(count)]
    assert out[:, 0, :2].tolist() == corners


def test_an_answer_outlives_the_next_one(detector: Detector) -> None:
    first = detector.infer(bright_square(0, 0)[None])
    detector.infer(bright_square(3, 5)[None])
    assert first[0, 0, :2].tolist() == [0, 0]


def test_names_its_backend(detector: Detector, backend: BackendName) -> None:
    assert detector.backend == backend


def test_closing_twice_is_fine_and_using_it_afterwards_is_not(detector: Detector) -> None:
    detector.close()
    detector.close()
    with pytest.raises(ModelError, match="closed"):
        detector.infer(bright_square(0, 0)[None])


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 32, 96, 3), np.uint8),
        np.zeros((64, 96, 3), np.uint8),
        np.zeros((0, 64, 96, 3), np.uint8),
        np.zeros((1, 64, 96, 3), np.float32),
        np.zeros((1, 3, 64, 96), np.uint8).transpose(0, 2, 3, 1),
    ],
    ids=["height", "no batch", "empty", "float", "not contiguous"],
)
def test_refuses_pictures_that_do_not_fit(detector: Detector, images: np.ndarray) -> None:
    with pytest.raises(ModelError, match=r"expected a contiguous uint8 batch \(N, 64, 96, 3\)"):
        detector.infer(images)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (tiny_graph(input_name="input"), "its input is input: uint8"),
        (tiny_graph(output_name="output"), "its output is output: float32"),
        (tiny_graph((96, 96)), r"its input is images: uint8 \[N, 96, 96, 3\]"),
        (tiny_graph(count=4), r"its output is candidates: float32 \[N, 4, 7\]"),
        (tiny_graph(batch=1), r"its input is images: uint8 \[1, 64, 96, 3\]"),
    ],
    ids=["input name", "output name", "input size", "count", "fixed batch"],
)
def test_refuses_a_graph_that_is_not_as_the_manifest_says(
    tmp_path: Path, backend: BackendName, graph: onnx.ModelProto, message: str
) -> None:
    onnx.save(graph, tmp_path / MODEL_FILE)
    with pytest.raises(ModelError, match=message):
        load(describe(tmp_path), backend)


def test_refuses_a_graph_with_float_pictures(tmp_path: Path, backend: BackendName) -> None:
    graph = tiny_graph()
    graph.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    onnx.save(graph, tmp_path / MODEL_FILE)
    with pytest.raises(ModelError, match="images: float32"):
        load(describe(tmp_path), backend)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x07" * 50])
def test_refuses_a_file_that_is_no_graph(
    tmp_path: Path, backend: BackendName, content: bytes
) -> None:
    (tmp_path / MODEL_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=MODEL_FILE):
        load(describe(tmp_path), backend)


def test_refuses_a_truncated_graph(tmp_path: Path, backend: BackendName) -> None:
    content = tiny_graph().SerializeToString()
    (tmp_path / MODEL_FILE).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=MODEL_FILE):
        load(describe(tmp_path), backend)


def test_refuses_a_graph_changed_after_the_export(tmp_path: Path, backend: BackendName) -> None:
    bundle = make_tiny_bundle(tmp_path)
    with bundle.model_path.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="not the file that the manifest names"):
        load(bundle, backend)


def test_refuses_a_class_that_the_manifest_does_not_name(
    tmp_path: Path, backend: BackendName
) -> None:
    graph = tiny_graph()
    zero = next(constant for constant in graph.graph.initializer if constant.name == "zero")
    zero.CopyFrom(onnx.numpy_helper.from_array(np.array(7, np.float32), "zero"))
    onnx.save(graph, tmp_path / MODEL_FILE)
    detector = load(describe(tmp_path), backend)
    with pytest.raises(ModelError, match="answered class id 7, its manifest names 1"):
        detector.infer(bright_square(0, 0)[None])


SIGNALLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from edgedet.config.model import ModelSettings
from edgedet.detect import create_detector
from edgedet.manifest import read_bundle

bundle = read_bundle(Path(sys.argv[1]))
settings = ModelSettings(bundle=bundle.folder, backend=sys.argv[2])
first, second = create_detector(bundle, settings), create_detector(bundle, settings)
for each in (first, second):
    each.infer(np.zeros((1, *bundle.input_hw, 3), np.uint8))
first.close()
second.close()
del first, second, each
signal.signal(signal.SIGUSR1, lambda *_: print("told", flush=True))
os.kill(os.getpid(), signal.SIGUSR1)
"""


def test_signals_reach_python_when_detectors_have_gone(
    tmp_path: Path, backend: BackendName
) -> None:
    make_tiny_bundle(tmp_path)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SIGNALLED, str(tmp_path), backend],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


_GROWTH = """
import sys
from pathlib import Path
import numpy as np
from edgedet.detect.openvino import OpenVinoDetector
from edgedet.manifest import read_bundle

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

bundle = read_bundle(Path(sys.argv[1]))
detector = OpenVinoDetector(bundle, threads=1, max_batch=8)
pictures = np.zeros((8, *bundle.input_hw, 3), np.uint8)
detector.infer(pictures[:1])
before = resident_mb()
detector.infer(pictures)
print(resident_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_openvino_has_the_memory_of_its_largest_batch_from_the_start() -> None:
    """60 MB would come with the first crowd otherwise, which may be weeks after the start."""
    if "openvino" not in available_backends():
        pytest.skip("openvino is not installed")
    done = subprocess.run(
        [sys.executable, "-c", _GROWTH, str(ROOT / "models" / "person")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 20.0
