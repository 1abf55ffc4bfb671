"""The doctor as a whole: order, exit code, JSON, and no word of a secret."""

import json
from pathlib import Path

import pytest

from edgedet.commands.doctor import DoctorRequest, Status, examine, run
from tests.brokers import free_port
from tests.conftest import StartMosquitto
from tests.runs import tiny_settings, write_config


def test_a_sound_installation_passes(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    settings = tiny_settings(tmp_path, mqtt={"url": mosquitto().url}, state_dir=str(tmp_path))
    checks = list(examine(write_config(tmp_path, settings)))
    assert [check for check in checks if check.status is Status.FAIL] == []
    names = [check.name for check in checks]
    assert names[0] == "configuration"
    for name in ("disk", "gstreamer", "decoder", "backend onnxruntime", "source a", "broker"):
        assert name in names
    assert names.index("decoder") < names.index("source a") < names.index("broker")


def test_a_wrong_configuration_is_told_and_the_machine_examined_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("model: {}\n", encoding="utf-8")
    assert run(DoctorRequest(path, as_json=True)) == 2
    checks = json.loads(capsys.readouterr().out)["checks"]
    told = [check["detail"] for check in checks if check["name"] == "configuration"]
    assert len(told) == 2
    assert "clock" in {check["name"] for check in checks}
    assert set(checks[0]) == {"name", "status", "detail", "fix"}


def test_everything_that_fails_has_a_fix_and_nothing_shows_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "p@ss/w?rd#1"  # noqa: S105 - made up
    (tmp_path / "pw").write_text(secret, encoding="utf-8")
    settings = tiny_settings(
        tmp_path,
        {
            "id": "gate",
            "uri": f"rtsp://admin:{secret}@127.0.0.1:{free_port()}/1",
        },
        mqtt={
            "url": f"mqtt://127.0.0.1:{free_port()}",
            "username": "me",
            "password_file": str(tmp_path / "pw"),
        },
        model={"bundle": str(tmp_path / "nowhere")},
    )
    assert run(DoctorRequest(write_config(tmp_path, settings), as_json=True)) == 1
    out = capsys.readouterr().out
    failed = [check for check in json.loads(out)["checks"] if check["status"] == "fail"]
    assert {check["name"] for check in failed} >= {"model", "source gate", "broker"}
    assert all(check["fix"] for check in failed)
    assert secret not in out
    assert "p@ss" not in out


def test_tells_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(DoctorRequest()) == 0
    assert "decoder: H.264" in capsys.readouterr().out
