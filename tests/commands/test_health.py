"""Asking a service that runs, one that does not, and one that is not well."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgedet.cli import app
from edgedet.commands.health import health
from edgedet.errors import ConfigError
from edgedet.event import SourceState
from edgedet.health.base import Sign
from tests.brokers import free_port
from tests.health.figures import a_source, the_vitals
from tests.health.site_stand import SiteStand


def _config(folder: Path, listen: str, **http: str) -> Path:
    path = folder / "edgedet.yaml"
    settings = {"listen": listen, **http}
    text = 'model: {bundle: m}\nsources: [{id: a, uri: "test://ball"}]\n'
    path.write_text(f"{text}http: {json.dumps(settings)}\n")
    return path


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[SiteStand]:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    found = SiteStand(token)
    yield found
    found.stop()


def test_a_service_that_is_well(stand: SiteStand, tmp_path: Path) -> None:
    config = _config(tmp_path, f"0.0.0.0:{stand.port}", token_file="token")  # noqa: S106
    result = health(config, asks_ready=True)
    assert result.is_ok
    assert result.lines == ("ok",)
    assert "checks" in result.body, "the token was given"


def test_tells_apart_what_a_restart_would_mend(stand: SiteStand, tmp_path: Path) -> None:
    config = _config(tmp_path, f"127.0.0.1:{stand.port}", token_file="token")  # noqa: S106
    stand.vitals = the_vitals(a_source("gate", SourceState.STALLED))
    assert health(config, asks_ready=False).is_ok
    result = health(config, asks_ready=True)
    assert (result.is_ok, result.lines) == (False, ("sources: none delivers: gate: stalled",))
    stand.vitals = the_vitals(signs=(Sign("infer", 99.0, 60.0),))
    assert not health(config, asks_ready=False).is_ok


def test_the_exit_code_and_the_form_for_programs(stand: SiteStand, tmp_path: Path) -> None:
    config = _config(tmp_path, f"127.0.0.1:{stand.port}", token_file="token")  # noqa: S106
    done = CliRunner().invoke(app, ["health", str(config), "--json"])
    assert (done.exit_code, json.loads(done.output)["status"]) == (0, "ok")
    stand.silence_s = 99.0
    assert CliRunner().invoke(app, ["health", str(config)]).exit_code == 1


def test_nobody_answers(tmp_path: Path) -> None:
    result = health(_config(tmp_path, f"127.0.0.1:{free_port()}"), asks_ready=False)
    assert not result.is_ok
    assert "is `edgedet run` running here?" in result.lines[0]


def test_nobody_is_to_be_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"http\.listen is off"):
        health(_config(tmp_path, "off"), asks_ready=False)
