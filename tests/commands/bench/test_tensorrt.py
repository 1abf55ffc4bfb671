"""A bench of an imitated GPU: the engine is found where it is kept, and given to trtexec."""

import json
from pathlib import Path

import pytest

from edgedet.commands.bench import BenchRequest, bench
from edgedet.commands.build_engine import BuildEngineRequest, run
from tests.commands.bench.test_trtexec import arguments, program
from tests.detect.engine.conv_bundle import make_conv_bundle
from tests.detect.engine.devices import make_machine


def test_engine_and_trtexec_stand_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = make_machine(monkeypatch)
    bundle = make_conv_bundle(tmp_path / "conv", is_int8=False)
    state_dir = tmp_path / "state"
    assert run(BuildEngineRequest(bundle.folder, state_dir=state_dir, precision="fp32")) == 0
    capsys.readouterr()
    monkeypatch.setattr("edgedet.commands.bench.whole._WARM_S", 0.0)
    monkeypatch.setattr("edgedet.commands.bench.command.find_trtexec", lambda: program(tmp_path))
    asked = BenchRequest(
        bundle.folder,
        "test://ball?width=96&height=64",
        "tensorrt,onnxruntime",
        "2",
        threads=1,
        seconds=0.1,
        state_dir=state_dir,
        as_json=True,
    )
    assert bench(asked) == 0
    first, second = json.loads(capsys.readouterr().out)["rows"]
    assert first["trtexec"]["images_per_s"] == pytest.approx(260.596)
    assert second["trtexec"] is None
    engine = Path(first["bare"]["engine"])
    assert engine.is_file()
    assert engine.is_relative_to(state_dir)
    assert f"--loadEngine={engine}" in arguments(tmp_path)
    machine.assert_clean()
