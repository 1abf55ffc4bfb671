"""`edgedet models activate | rollback | status`, beside a service that runs and without one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edgedet.cli import app
from edgedet.models.store import CONFIGURED, ModelStore
from edgedet.rollout.claim import find_wish, take_claim
from edgedet.rollout.record import Record, RecordFile, State
from edgedet.rollout.wish import Asker, wish_back
from tests.models.bundles import make_bundle
from tests.runs import tiny_settings, write_config
from tests.stream.fakes import START_UTC


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "state")
    store.add(make_bundle(tmp_path / "made", "7").folder)
    return store


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, tiny_settings(tmp_path))


@pytest.fixture
def service(store: ModelStore) -> Iterator[ModelStore]:
    """What a running service shows to others."""
    claim = take_claim(store.folder)
    yield store
    claim.release()


def _models(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments, "--config", str(config)])


def test_a_service_is_asked_and_active_json_left_to_it(config: Path, service: ModelStore) -> None:
    result = _models(config, "activate", "tiny-7")

    assert result.exit_code == 0, result.output
    assert "the service proves tiny-7-" in result.output
    wish = find_wish(service.folder)
    assert wish is not None
    assert (wish.model, wish.asker, wish.goes_back) == (
        service.find("tiny-7").id,
        Asker.OPERATOR,
        False,
    )
    assert service.active() is None


@pytest.mark.parametrize("command", ["activate", "remove"])
def test_a_service_that_is_busy_is_left_alone(
    config: Path, service: ModelStore, command: str
) -> None:
    model = service.find("tiny-7").id
    RecordFile(service.folder).write(Record(state=State.SHADOW, before=CONFIGURED, to=model))

    result = _models(config, command, "tiny-7")

    assert result.exit_code == 1
    assert model in str(result.exception)
    assert find_wish(service.folder) is None


@pytest.mark.parametrize("is_over", [False, True])
def test_a_rollback_asks_for_the_model_before(
    config: Path, service: ModelStore, tmp_path: Path, *, is_over: bool
) -> None:
    model = service.find("tiny-7").id
    assert "there is no model before" in str(_models(config, "rollback").exception)
    if is_over:
        configured = tiny_settings(tmp_path).model.bundle
        service.activate(model, make_bundle(configured), START_UTC, "a test")
    else:
        RecordFile(service.folder).write(Record(state=State.WATCHING, before=CONFIGURED, to=model))

    result = _models(config, "rollback")

    assert "goes back to configured" in result.output
    assert find_wish(service.folder) == wish_back(CONFIGURED, Asker.OPERATOR)


def test_without_a_service_it_holds_from_the_next_start_on(config: Path, store: ModelStore) -> None:
    assert "no service runs here" in _models(config, "activate", "tiny-7").output
    active = store.active()
    assert active is not None
    assert active.model == store.find("tiny-7").id
    assert "back to configured; no service runs here" in _models(config, "rollback").output
    assert find_wish(store.folder) is None


def test_status_says_how_it_goes(config: Path, service: ModelStore) -> None:
    record = Record(
        state=State.ROLLED_BACK,
        since=START_UTC,
        before=CONFIGURED,
        to=service.find("tiny-7").id,
        reason="it failed in use: no memory",
        figures={"agreement": 0.94118},
    )
    RecordFile(service.folder).write(record)

    text = _models(config, "status").output
    told = json.loads(_models(config, "status", "--json").stdout)

    assert "in use: configured\n" in text
    assert "rolled_back since 2026-05-04T09:00:00.000Z" in text
    assert "because it failed in use: no memory" in text
    assert "agreement: 0.9412" in text
    assert told["service_runs"] is True
    assert told["rollout"]["to"].startswith("tiny-7-")


def test_status_before_anything(config: Path) -> None:
    assert _models(config, "status").output == "in use: configured (no service runs here)\n"
