import json
from pathlib import Path

import pytest

from edgedet.app import Application
from edgedet.commands.build_engine import BuildEngineRequest, run
from edgedet.commands.session import run_to_end
from edgedet.errors import ModelError, UsageError
from edgedet.manifest import Bundle
from tests.detect.engine.conv_bundle import make_conv_bundle
from tests.detect.engine.devices import Machine, make_machine
from tests.runs import tiny_settings


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return make_machine(monkeypatch)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_conv_bundle(tmp_path_factory.mktemp("conv"), is_int8=True)


def test_builds_and_tells_what_was_kept(
    machine: Machine, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = BuildEngineRequest(bundle.folder, state_dir=tmp_path)
    assert run(request) == 0
    told = capsys.readouterr().out
    assert "kept" in told
    assert "batches of 1-4-8" in told
    assert "for Fake GPU with TensorRT 10.3.0 only" in told
    assert run(request) == 0
    assert "is up to date; --force builds it anew" in capsys.readouterr().out
    assert len(machine.story.graphs) == 2


def test_a_precision_that_failed_is_told_below_the_table(
    machine: Machine, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.story.refuse_to_build = "int8"
    assert run(BuildEngineRequest(bundle.folder, state_dir=tmp_path)) == 0
    told = capsys.readouterr().out
    assert (
        "int8 failed: TensorRT 10.3.0 failed while building the int8 engine: could not find" in told
    )


def test_as_json(
    machine: Machine, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.story.refuse_to_build = "int8"
    request = BuildEngineRequest(
        bundle.folder, state_dir=tmp_path, batches=(2, 3, None), as_json=True
    )
    assert run(request) == 0
    result = json.loads(capsys.readouterr().out)
    assert Path(result["path"]).is_file()
    assert result["is_new"]
    assert result["engine"]["profile"] == {"min": 2, "opt": 3, "max": 8}
    assert result["engine"]["measured"][0]["reason"] is not None


def test_takes_bundle_place_and_batch_from_the_configuration(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    state, text = tmp_path / "state", f"model: {{bundle: {bundle.folder}}}\n"
    text += f"batch: {{max_size: 6}}\nstate_dir: {state}\n"
    config = tmp_path / "edgedet.yaml"
    config.write_text(text + "sources: [{id: a, uri: 'test://ball'}]\n", encoding="utf-8")
    assert run(BuildEngineRequest(None, config=config, precision="fp16")) == 0
    assert [shape[0] for shape in machine.story.profiles[0]] == [1, 3, 6]
    assert list((state / "engines").glob("conv-*.engine"))


def test_without_a_configuration_the_user_s_cache_has_it(
    machine: Machine, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgedet.commands.build_engine.user_cache_dir", lambda: tmp_path / "cache")
    assert run(BuildEngineRequest(bundle.folder, precision="fp32")) == 0
    assert list((tmp_path / "cache" / "engines").glob("conv-*.engine"))
    assert machine.story.profiles != []


def test_no_bundle_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="BUNDLE is missing"):
        run(BuildEngineRequest(None))


def test_sizes_out_of_order_are_wrong_usage(tmp_path: Path, bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="batches of 1, 9, 4 are out of order"):
        run(BuildEngineRequest(bundle.folder, state_dir=tmp_path, batches=(None, 9, 4)))


def test_no_gpu_is_one_line(machine: Machine, bundle: Bundle, tmp_path: Path) -> None:
    machine.gpu.fail["cuInit"] = "NO_DEVICE"
    with pytest.raises(ModelError, match="no NVIDIA GPU can be used here"):
        run(BuildEngineRequest(bundle.folder, state_dir=tmp_path))


def test_a_run_takes_the_engine_and_frees_it_on_its_thread(
    machine: Machine, bundle: Bundle, tmp_path: Path
) -> None:
    request = BuildEngineRequest(bundle.folder, state_dir=tmp_path, precision="fp32")
    assert run(request) == 0
    machine.assert_clean()
    before = machine.story.deserialized
    settings = tiny_settings(
        tmp_path,
        model={"bundle": bundle.folder, "backend": "tensorrt"},
        state_dir=tmp_path,
    )
    app = Application(settings)
    code = run_to_end(app, show=lambda _snapshot: None, refresh_s=1.0)
    snapshot = app.snapshot()
    assert (code, snapshot.frames, snapshot.backend) == (0, 30, "tensorrt")
    assert machine.story.deserialized == before + 1
    machine.assert_clean()
