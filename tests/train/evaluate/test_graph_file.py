import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgedet.errors import ModelError
from tests.detect.tiny_bundle import TINY_HW, bright_square, make_tiny_bundle
from train.evaluate import open_predictor
from train.evaluate.graph_file import bundle_around


def raw_graph(path: Path) -> Path:
    """What an ordinary export looks like: float pictures in, raw predictions out."""
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 64, 64])
    node = helper.make_node("Identity", ["images"], ["output"])
    graph = helper.make_graph([node], "raw", [images], [output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_a_graph_in_its_bundle_is_that_bundle(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path)
    with bundle_around(tmp_path / "model.onnx", ["other"]) as found:
        assert found.digest == bundle.digest


def test_a_graph_alone_finds_the_same(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "bundle")
    alone = Path(shutil.copy(tmp_path / "bundle" / "model.onnx", tmp_path / "alone.onnx"))
    images = bright_square(1, 2)[None]
    whole, _ = open_predictor(tmp_path / "bundle", backend="onnxruntime")
    part, names = open_predictor(alone, backend="onnxruntime", class_names=["bright"])

    assert (part.input_hw, names) == (TINY_HW, ("bright",))
    np.testing.assert_array_equal(part.infer(images), whole.infer(images))


def test_a_graph_without_names_gets_numbers(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "bundle")
    alone = Path(shutil.copy(tmp_path / "bundle" / "model.onnx", tmp_path / "alone.onnx"))
    _, names = open_predictor(alone, backend="onnxruntime")

    assert names[:2] == ("class 0", "class 1")


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path / "bundle")
    alone = Path(shutil.copy(tmp_path / "bundle" / "model.onnx", tmp_path / "alone.onnx"))
    with bundle_around(alone) as bundle:
        folder = bundle.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_a_graph_takes_no_other_size(tmp_path: Path) -> None:
    make_tiny_bundle(tmp_path)
    with pytest.raises(ModelError, match=r"takes pictures of \(64, 96\), not \(32, 32\)"):
        open_predictor(tmp_path / "model.onnx", (32, 32))


def test_a_raw_graph_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="graph of another kind") as caught:
        open_predictor(raw_graph(tmp_path / "raw.onnx"))

    assert "images: float32 [1, 3, 64, 64] in and output: float32" in str(caught.value)
    assert "train export" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 40, b"\x08\x07"])
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.onnx"):
        open_predictor(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read graph"):
        open_predictor(tmp_path / "nothing.onnx")
