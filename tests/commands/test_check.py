"""What `check` finds, and how it says it."""

import json
from pathlib import Path

import pytest

from edgedet.commands.check import check, schema_text
from tests.runs import tiny_settings, write_config


def test_a_valid_configuration(tmp_path: Path) -> None:
    result = check(write_config(tmp_path, tiny_settings(tmp_path)))
    assert (result.valid, result.problems, result.warnings, result.exit_code) == (True, (), (), 0)


def test_a_key_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    sampling = {
        "enabled": True,
        "sink": "roboflow",
        "roboflow": {"project": "gates", "api_key_file": "roboflow.key"},
        "s3": {"bucket": "frames", "credentials_file": "not-needed"},
        "strategies": [{"name": "s", "type": "random"}],
    }
    result = check(write_config(tmp_path, tiny_settings(tmp_path, sampling=sampling)))
    key = tmp_path / "roboflow.key"
    assert result.warnings == (f"sampling.roboflow.api_key_file: '{key}' is not there",)


def test_files_that_are_not_here_are_warnings(tmp_path: Path) -> None:
    settings = tiny_settings(
        tmp_path,
        {"id": "a", "uri": "rtsp://10.0.0.5/1", "password_file": "a.pw"},
        model={"bundle": "nowhere"},
        mqtt={
            "url": "mqtts://10.0.0.1",
            "password_file": "mqtt.pw",
            "tls": {"ca_file": "ca.crt"},
        },
    )
    result = check(write_config(tmp_path, settings))
    assert result.exit_code == 0
    assert [warning.partition(": '/")[0] for warning in result.warnings] == [
        "model.bundle",
        "sources: 'a': password_file",
        "mqtt.password_file",
        "mqtt.tls.ca_file",
    ]


def test_problems_are_exit_code_2_and_json(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("model: {}\n", encoding="utf-8")
    result = check(path)
    assert result.exit_code == 2
    told = json.loads(result.to_json())
    assert told["valid"] is False
    assert len(told["problems"]) == 2


def test_the_schema_is_json() -> None:
    assert json.loads(schema_text())["properties"]["model"]


def test_addresses_that_can_never_work_are_problems_all_at_once(tmp_path: Path) -> None:
    settings = tiny_settings(
        tmp_path,
        {"id": "port", "uri": "rtsp://10.0.0.5:99999/1"},
        {"id": "slash", "uri": "rtsp://me:hunter2/x@10.0.0.5/1"},
        {"id": "pattern", "uri": "test://bal"},
        {"id": "option", "uri": "test://ball?frames=x"},
        {"id": "null", "uri": "file:///a%00b"},
        {"id": "fine", "uri": "rtsp://10.0.0.5/1"},
    )
    result = check(write_config(tmp_path, settings))
    assert result.exit_code == 2
    for problem, name in zip(
        result.problems, ("port", "slash", "pattern", "option", "null"), strict=True
    ):
        assert f"source '{name}'" in problem
        assert "hunter2" not in problem


def test_a_camera_by_number_is_warned_of(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, {"id": "desk", "uri": "v4l2:///dev/video77"})
    result = check(write_config(tmp_path, settings))
    assert result.exit_code == 0
    gone, number = result.warnings
    assert gone.startswith("sources: 'desk': '/dev/video77' is not there")
    assert number.startswith("sources: 'desk': '/dev/video77' may be another camera")


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        ({"state_dir": "file"}, "state_dir: '{file}' cannot be a folder, as '{file}' is none"),
        ({"state_dir": "file/a"}, "state_dir: '{file}/a' cannot be a folder, as '{file}' is none"),
        ({"jsonl": "file/out"}, "jsonl: '{file}' cannot be a folder, as '{file}' is none"),
        ({"jsonl": "bundle"}, "jsonl: '{bundle}' is a folder; expected a file"),
        (
            {"sampling": {"enabled": True, "folder": {"path": "file"}}},
            "sampling.folder.path: '{file}' cannot be a folder, as '{file}' is none",
        ),
    ],
)
def test_a_file_where_a_folder_must_be_is_a_problem(
    tmp_path: Path, places: dict[str, object], problem: str
) -> None:
    (tmp_path / "file").touch()
    config = write_config(tmp_path, tiny_settings(tmp_path, **places))
    result = check(config)
    expected = problem.format(file=tmp_path / "file", bundle=tmp_path / "bundle")
    assert result.exit_code == 2
    assert [told.startswith(f"{config}: {expected}") for told in result.problems] == [True]


def test_a_folder_that_is_not_here_is_none(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, state_dir=tmp_path / "not" / "here", jsonl=tmp_path / "out")
    assert check(write_config(tmp_path, settings)).valid
