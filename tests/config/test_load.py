"""A configuration loads whole, or every problem is told with its place."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from edgedet.config.load import load_settings, settings_schema
from edgedet.errors import ConfigError

GOOD = """\
model: {bundle: models/person}
sources:
  - {id: gate, uri: "rtsp://10.0.0.5/1", username: me, password_file: gate.pw}
  - {id: pattern, uri: "test://ball"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edgedet.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def _problems(path: Path, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ)
    return caught.value.problems


def test_relative_paths_are_relative_to_the_file(config: Path) -> None:
    mqtt = "mqtt: {url: 'mqtts://b', tls: {ca_file: ca.crt}}\n"
    text = f"{GOOD}jsonl: out.jsonl\n{mqtt}state_dir: /var/lib/x\n"
    config.write_text(text, encoding="utf-8")
    settings = load_settings(config, {}).settings
    folder = config.parent
    assert settings.model.bundle == folder / "models/person"
    assert settings.sources[0].password_file == folder / "gate.pw"
    assert settings.jsonl == folder / "out.jsonl"
    assert settings.mqtt.tls.ca_file == folder / "ca.crt"
    assert settings.state_dir == Path("/var/lib/x")


def test_relative_paths_do_not_depend_on_the_working_folder(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    settings = load_settings(Path("edgedet.yaml"), {}).settings
    assert settings.model.bundle == config.parent / "models/person"


def test_the_environment_wins(config: Path) -> None:
    settings = load_settings(config, {"EDGEDET__SOURCES__1__URI": "test://snow"}).settings
    assert settings.sources[1].uri == "test://snow"


def test_credentials_of_systemd_are_found(config: Path) -> None:
    config.write_text(GOOD + "mqtt: {password_file: 'credential:mqtt.password'}\n")
    settings = load_settings(config, {"CREDENTIALS_DIRECTORY": "/run/credentials/e"}).settings
    assert settings.mqtt.password_file == Path("/run/credentials/e/mqtt.password")


def test_reads_the_environment_of_the_process(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEDET__MQTT__URL", "off")
    assert load_settings(config).settings.mqtt.is_off


def test_all_problems_are_told_at_once_with_file_line_and_key(config: Path) -> None:
    config.write_text(
        "model: {bundel: x}\n"
        "sources:\n"
        '  - {id: Gate, uri: "ftp://x/y"}\n'
        "batch:\n"
        "  max_size: 0\n"
        "  max_size: 1\n",
        encoding="utf-8",
    )
    problems = _problems(config, EDGEDET__MQTT__KEEPALIVE_S="1")
    starts = [problem.rsplit(": ", 1)[0] for problem in problems]
    assert starts[0] == f"{config}:6: batch.max_size"
    assert f"{config}:1: model.bundle" in starts
    assert f"{config}:1: model.bundel" in starts
    assert any(start.startswith(f"{config}:3: sources[0].id") for start in starts)
    assert any(start.startswith(f"{config}:3: sources[0].uri") for start in starts)
    assert any(problem.startswith("EDGEDET__MQTT__KEEPALIVE_S: mqtt.") for problem in problems)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "model: missing"),
        (b"- 1\n", "expected a section"),
        (b"a: [\n", "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"#" * 300_000, "more than 262144 bytes"),
    ],
)
def test_files_that_are_no_configuration(config: Path, content: bytes, message: str) -> None:
    config.write_bytes(content)
    problems = _problems(config)
    assert any(message in problem for problem in problems)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    problems = _problems(tmp_path / "none.yaml")
    message = f"cannot read the configuration '{tmp_path / 'none.yaml'}': No such file or directory"
    assert problems == (message,)


def test_a_byte_order_mark_is_no_problem(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    load_settings(config, {})


def test_warns_of_what_does_nothing_yet(config: Path) -> None:
    config.write_text(
        GOOD + 'http: {listen: "127.0.0.1:8080"}\nsampling: {enabled: true}\n', encoding="utf-8"
    )
    warnings = load_settings(config, {}).warnings
    assert [warning.partition(":")[0] for warning in warnings] == ["sampling"]


def test_warns_of_a_rate_limit_that_would_lose_frames(config: Path) -> None:
    text = 'model: {bundle: m}\nsources: [{id: a, uri: "file:///x", realtime: false, max_fps: 5}]\n'
    config.write_text(text, encoding="utf-8")
    assert "max_fps of 'a' is ignored" in load_settings(config, {}).warnings[0]


def test_warns_of_places_from_which_nothing_is_taken(config: Path) -> None:
    text = (
        'model: {bundle: m}\nsources: [{id: a, uri: "test://ball"}]\nrollout: {allow_from: [/srv]'
    )
    config.write_text(text + "}\n", encoding="utf-8")
    assert "without model.public_key_file" in load_settings(config, {}).warnings[0]
    config.write_text(text + ", require_signature: false}\n", encoding="utf-8")
    assert load_settings(config, {}).warnings == ()


def test_warns_of_commands_that_are_allowed_and_not_enabled(config: Path) -> None:
    sources = 'sources: [{id: a, uri: "test://ball"}]'
    text = f"model: {{bundle: m}}\n{sources}\nmqtt: {{commands: {{allow: [pause"
    config.write_text(text + "]}}\n", encoding="utf-8")
    assert "none is taken without enabled: true" in load_settings(config, {}).warnings[0]
    config.write_text(text + "], enabled: true}}\n", encoding="utf-8")
    assert load_settings(config, {}).warnings == ()


def test_warns_when_nothing_is_enabled(config: Path) -> None:
    text = 'model: {bundle: m}\nsources: [{id: a, uri: "test://ball", enabled: false}]\n'
    config.write_text(text, encoding="utf-8")
    assert load_settings(config, {}).warnings == ("sources: none is enabled",)


def test_the_schema_accepts_what_loads_and_refuses_the_rest() -> None:
    schema = settings_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(GOOD))
    assert not validator.is_valid({"model": {"bundle": "m", "x": 1}, "sources": []})
