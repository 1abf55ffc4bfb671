"""Two bundles: one of a random network that is deployed, and one that may take its place."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgedet.manifest import MODEL_FILE, Bundle, file_entry, write_manifest
from tests.train.quantize.settings import float_bundle


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """For pictures of 64 x 96, of the classes class-0 and class-1."""
    return float_bundle(tmp_path_factory.mktemp("deployed") / "bundle")


@pytest.fixture(scope="session")
def candidate(deployed: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same with other weights in its graph: another random network, made in no time."""
    folder = tmp_path_factory.mktemp("candidate") / "bundle"
    shutil.copytree(deployed.folder, folder)
    proto = onnx.load(folder / MODEL_FILE)
    rng = np.random.default_rng(1)
    for each in proto.graph.initializer:
        if each.data_type == onnx.TensorProto.FLOAT16:  # the weights of convolutions
            weight = numpy_helper.to_array(each)
            noise = rng.normal(0, float(weight.std()), weight.shape)
            moved = (weight + 0.5 * noise).astype(np.float16)
            each.CopyFrom(numpy_helper.from_array(moved, each.name))
    onnx.save(proto, folder / MODEL_FILE)
    files = [file_entry(folder, entry.path) for entry in deployed.manifest.files]
    return write_manifest(folder, deployed.manifest.model_copy(update={"files": files}))
