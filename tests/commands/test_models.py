"""`edgedet models`: from an archive to use and back, and what is kept out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edgedet.cli import app
from edgedet.models.store import ModelStore
from edgedet.startup import configured_bundle
from tests.models.bundles import make_bundle, pack
from tests.runs import tiny_settings, write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    settings = tiny_settings(tmp_path, state_dir=str(tmp_path / "state"))
    return write_config(tmp_path, settings)


def _models(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments, "--config", str(config)])


def _in_use(config: Path) -> str:
    told = json.loads(_models(config, "list", "--json").stdout)
    return str(next(each["id"] for each in told["models"] if each["in_use"]))


def test_from_an_archive_to_use_and_back(tmp_path: Path, config: Path) -> None:
    archive = pack(make_bundle(tmp_path / "made", "7"), tmp_path / "made.tar.gz")
    result = _models(config, "install", str(archive))
    assert result.exit_code == 0, result.output
    assert _in_use(config) == "configured"
    assert _models(config, "activate", "tiny-7").exit_code == 0
    assert _in_use(config).startswith("tiny-7-")
    settings = tiny_settings(tmp_path, state_dir=str(tmp_path / "state"))
    used = ModelStore(settings.state_dir).in_use(configured_bundle(settings))
    assert used.manifest.version == "7"
    assert "answers rightly" in _models(config, "verify").output
    assert _models(config, "rollback").exit_code == 0
    assert _in_use(config) == "configured"
    assert _models(config, "remove", "tiny-7").exit_code == 0
    assert "no model is installed" in _models(config, "verify").output


def test_other_classes_are_kept_out_unless_meant(tmp_path: Path, config: Path) -> None:
    made = make_bundle(tmp_path / "made", "7")
    names = [*reversed(made.manifest.class_names), "more"]
    other = make_bundle(tmp_path / "other", "8", class_names=[f"x{name}" for name in names])
    result = _models(config, "install", str(other.folder))
    assert result.exit_code == 1
    assert "--change-classes" in str(result.exception)
    meant = _models(config, "install", str(other.folder), "--change-classes", "--activate")
    assert meant.exit_code == 0, meant.output
    assert _in_use(config).startswith("tiny-8-")


def test_a_model_that_does_not_run_is_kept_out(tmp_path: Path, config: Path) -> None:
    made = make_bundle(tmp_path / "made", "7")
    taller = made.manifest.input.model_copy(update={"height": made.manifest.input.height + 32})
    wrong = make_bundle(tmp_path / "wrong", "8", input=taller)
    result = _models(config, "install", str(wrong.folder))
    assert result.exit_code == 1
    assert json.loads(_models(config, "list", "--json").stdout)["models"][0]["id"] == "configured"
    assert len(json.loads(_models(config, "list", "--json").stdout)["models"]) == 1


def test_unsigned_is_kept_out_where_a_key_is_configured(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="the extra 'signed' is not installed")
    import subprocess  # noqa: PLC0415 - only here

    private, public = tmp_path / "k", tmp_path / "p"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    settings = tiny_settings(tmp_path, state_dir=str(tmp_path / "state"))
    signed = settings.model.model_copy(update={"public_key_file": public})
    config = write_config(tmp_path, settings.model_copy(update={"model": signed}))
    result = _models(config, "install", str(make_bundle(tmp_path / "made", "7").folder))
    assert result.exit_code == 1
    assert "is not signed" in str(result.exception)


def test_old_models_that_nobody_needs_go_when_another_is_installed(
    tmp_path: Path, config: Path
) -> None:
    for version in ("1", "2", "3", "4"):
        made = make_bundle(tmp_path / f"made-{version}", version)
        activates = ("--activate",) if version == "1" else ()
        result = _models(config, "install", str(made.folder), *activates)
        assert result.exit_code == 0, result.output
        assert "not needed" not in result.output
    made = make_bundle(tmp_path / "made-5", "5")

    result = _models(config, "install", str(made.folder))

    assert "removed tiny-2" in result.output
    told = json.loads(_models(config, "list", "--json").stdout)["models"]
    assert [(each["version"], each["kept_for"]) for each in told[1:]] == [
        ("1", "in use"), ("3", "newest"), ("4", "newest"), ("5", "newest"),
    ]  # fmt: skip
