"""`edgedet run`, with a table and without."""

import logging
from pathlib import Path

import pytest

from edgedet.commands import run as run_module
from edgedet.commands.run import run
from edgedet.errors import ConfigError, EdgedetError
from edgedet.lock import FileLock
from tests.runs import PATTERN, tiny_settings, write_config


@pytest.mark.parametrize("shows_table", [True, False, None])
def test_ends_with_a_summary(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shows_table: bool | None,
) -> None:
    config = write_config(tmp_path, tiny_settings(tmp_path))
    assert run(config, shows_table=shows_table, duration_s=None) == 0
    assert "30 frames in" in capsys.readouterr().out


def test_warnings_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = {"id": "a", "uri": f"{PATTERN}&frames=5", "realtime": False, "max_fps": 5}
    settings = tiny_settings(tmp_path, one)
    assert run(write_config(tmp_path, settings), shows_table=False, duration_s=None) == 0
    assert "max_fps of 'a' is ignored" in caplog.text


def test_a_table_leaves_the_level_of_the_log_alone(tmp_path: Path) -> None:
    root = logging.getLogger()
    level = root.level
    try:
        root.setLevel(logging.ERROR)
        run(write_config(tmp_path, tiny_settings(tmp_path)), shows_table=True, duration_s=None)
        assert root.level == logging.ERROR
    finally:
        root.setLevel(level)


def test_one_run_at_a_time_has_a_state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_CLAIM_S", 0.2)
    settings = tiny_settings(tmp_path)
    settings.state_dir.mkdir()
    lock = FileLock(settings.state_dir / "service.lock")
    config = write_config(tmp_path, settings)
    with pytest.raises(EdgedetError, match="another edgedet runs with state_dir"):
        run(config, shows_table=False, duration_s=None)
    assert not (settings.state_dir / "last-run.json").exists()
    lock.release()
    assert run(config, shows_table=False, duration_s=None) == 0
    FileLock(settings.state_dir / "service.lock").release()


def test_a_state_dir_that_cannot_be_locked_keeps_nobody_from_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state" / "service.lock").mkdir(parents=True)
    config = write_config(tmp_path, tiny_settings(tmp_path))
    assert run(config, shows_table=False, duration_s=None) == 0
    assert "service.lock' (Is a directory): that another run uses" in caplog.text


def test_a_file_where_the_state_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    config = write_config(tmp_path, tiny_settings(tmp_path))
    with pytest.raises(ConfigError) as caught:
        run(config, shows_table=False, duration_s=None)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["state_dir"]
