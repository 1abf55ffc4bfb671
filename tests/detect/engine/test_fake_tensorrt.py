"""The imitation has the names of each generation, and no others."""

import json
from pathlib import Path

import pytest

from tests.detect.cuda.fake_gpu import FakeGpu
from tests.detect.engine.fake_tensorrt import NAMES, VERSIONS, Story, make_module


@pytest.mark.realdata
def test_names_are_those_of_the_published_bindings(test_data: Path) -> None:
    path = test_data / "tensorrt_api" / "trt_api_names.json"
    listed = json.loads(path.read_text(encoding="utf-8"))
    for version in VERSIONS:
        # a version of NVIDIA's may have a fourth number
        (full,) = [name for name in listed if name == version or name.startswith(f"{version}.")]
        expected = {group: sorted(names) for group, names in listed[full].items()}
        assert NAMES[version] == expected, version


@pytest.mark.parametrize("version", VERSIONS)
def test_unknown_names_raise(version: str) -> None:
    gpu = FakeGpu()
    trt = make_module(version, gpu, Story())
    builder = trt.Builder(None)
    config = builder.create_builder_config()
    for thing in (trt, trt.BuilderFlag, builder, config):
        assert not hasattr(thing, "no_such_name")
    with pytest.raises(AttributeError, match="no attribute 'max_workspace'"):
        config.max_workspace = 1
    is_newest = version == "11.4.0"
    assert hasattr(trt.BuilderFlag, "INT8") != is_newest
    assert hasattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH") != is_newest
    assert hasattr(trt, "IProgressMonitor") == (version != "8.6.1")


def test_a_name_that_is_not_imitated_is_told() -> None:
    trt = make_module("8.6.1", FakeGpu(), Story())
    builder = trt.Builder(None)
    with pytest.raises(AssertionError, match="does not imitate Builder"):
        _ = builder.platform_has_fast_int8
    with pytest.raises(AttributeError):
        make_module("11.4.0", FakeGpu(), Story()).Builder(None).platform_has_fast_int8  # noqa: B018
