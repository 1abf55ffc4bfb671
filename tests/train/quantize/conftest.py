"""One float graph of a random network, and its INT8 form, made once for all tests of a process."""

from pathlib import Path

import onnx
import pytest

from edgedet.manifest import Bundle
from tests.train.quantize.settings import float_bundle, squares
from train.quantize.groups import always_float, scale_groups
from train.quantize.scale_table import ScaleTable
from train.quantize.writer import quantize_graph


def some_table(fp32: onnx.ModelProto) -> ScaleTable:
    """A table of made-up scales, tied as they must be."""
    kept = always_float(fp32)
    inputs = {
        name: 0.02 + 0.001 * number
        for number, names in enumerate(scale_groups(fp32))
        for name in names
        if name not in kept
    }
    return ScaleTable("max", inputs, kept, {"pictures": 1})


@pytest.fixture(scope="session")
def floats(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The float bundle of a random network of two classes, for pictures of 64 x 96."""
    return float_bundle(tmp_path_factory.mktemp("floats") / "float")


@pytest.fixture(scope="session")
def fp32(floats: Bundle) -> onnx.ModelProto:
    """Its graph; tests leave it as it is."""
    return onnx.load(floats.model_path)


@pytest.fixture(scope="session")
def table(fp32: onnx.ModelProto) -> ScaleTable:
    """Made-up scales for it."""
    return some_table(fp32)


@pytest.fixture(scope="session")
def quantized(fp32: onnx.ModelProto, table: ScaleTable) -> onnx.ModelProto:
    """Its INT8 form; tests that break it take a copy."""
    return quantize_graph(fp32, table)


@pytest.fixture
def broken(quantized: onnx.ModelProto) -> onnx.ModelProto:
    """A copy to be broken."""
    copy = onnx.ModelProto()
    copy.CopyFrom(quantized)
    return copy


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `data.yaml` of ten small pictures in train and ten in val."""
    return squares(tmp_path_factory.mktemp("squares"))
