"""A bundle that does not work is told from one that does."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.proof import prove
from tests.detect.tiny_bundle import describe, make_tiny_bundle
from tests.trials import make_trial


def test_a_graph_that_is_none_is_told(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle")
    bundle.model_path.write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot load"):
        prove(make_trial(describe(bundle.folder), tmp_path))
    bundle.model_path.write_bytes(b"other bytes")
    with pytest.raises(ModelError, match="is not the file that the manifest names"):
        prove(make_trial(bundle, tmp_path))


def test_a_graph_of_another_shape_is_told(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "bundle", (64, 96))
    with pytest.raises(ModelError, match=r"the manifest says .*64, 64"):
        prove(make_trial(describe(bundle.folder, (64, 64)), tmp_path))
