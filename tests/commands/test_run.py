"""`edgedet run`, with a table and without."""

import logging
from pathlib import Path

import pytest

from edgedet.commands.run import run
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
