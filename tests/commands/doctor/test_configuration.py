"""What the doctor says of the configuration itself."""

from pathlib import Path

from edgedet.commands.doctor import Status
from edgedet.commands.doctor.configuration import examine
from tests.runs import tiny_settings, write_config


def test_valid(tmp_path: Path) -> None:
    settings, (check,) = examine(write_config(tmp_path, tiny_settings(tmp_path)))
    assert settings is not None
    assert check.status is Status.PASS


def test_each_problem_is_a_check(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("model: {bundle: x, colour: red}\n", encoding="utf-8")
    settings, checks = examine(path)
    assert settings is None
    assert [check.status for check in checks] == [Status.FAIL, Status.FAIL]


def test_what_it_names_and_is_not_there_is_a_warning(tmp_path: Path) -> None:
    asked = tiny_settings(tmp_path, mqtt={"password_file": "nowhere.pw"})
    settings, (check,) = examine(write_config(tmp_path, asked))
    assert settings is not None
    assert check.status is Status.WARN
    assert "nowhere.pw" in check.detail
