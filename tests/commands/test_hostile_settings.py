"""Configurations that nobody writes by mistake: each is refused in one line, and never a traceback.

The environment is hostile too: a variable is read as the file is.
"""

from pathlib import Path

import pytest

from edgedet.cli import main

DIGITS = "9" * 3000
SIXTIES = DIGITS + ":59" * 1000  # YAML 1.1 has numbers of base 60
DEEP_KEYS = "__".join(["A"] * 5000)
GOOD = """\
model: {bundle: b}
sources: [{id: a, uri: "test://ball"}]
"""


def _with(uri: str = '"test://ball"', rest: str = "", of_source: str = "") -> str:
    return f"model: {{bundle: b}}\nsources: [{{id: a, uri: {uri}{of_source}}}]\n{rest}"


def _exit_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return caught.value.code


# what the file holds → what the one line says
TABLE: dict[str, tuple[str | bytes, str]] = {
    "a base-60 number of many digits": (
        _with(of_source=f", max_fps: {SIXTIES}"),
        "sources[0].max_fps: a number of more than 64 bits",
    ),
    "a hexadecimal number": (
        _with(of_source=f", max_fps: 0x{'f' * 5000}"),
        "max_fps: a number of more than 64 bits",
    ),
    "a number of too many digits": (
        _with(of_source=f", max_fps: {'9' * 5000}"),
        "max_fps: cannot read this value as !!int",
    ),
    "a number that only a quote hides": (
        _with(rest=f'sampling: {{quota_mib: "{DIGITS}"}}'),
        "sampling.quota_mib: input should be less than or equal to 1073741824",
    ),
    "infinity": (_with(rest="mqtt: {spool: {max_age_s: .inf}}"), "max_age_s: input should be a"),
    "infinity by its size": (_with(of_source=", max_fps: 1e400"), "max_fps: input should be a fin"),
    "not a number": (_with(of_source=", max_fps: .nan"), "max_fps: input should be a finite"),
    "a wrong boolean": (_with(of_source=", loop: !!bool x"), "loop: cannot read this value as"),
    "an empty number": (_with(of_source=', max_fps: !!int ""'), "max_fps: cannot read this value"),
    "a long base-60 fraction": (
        _with(of_source=f", max_fps: {'1:' * 500}1.5"),
        "max_fps: cannot read this value as !!float",
    ),
    "a long path": (
        f"model: {{bundle: /{'x/' * 5000}}}\nsources: [{{id: a, uri: 'test://ball'}}]\n",
        "model.bundle: the path has 10000 bytes; expected at most 1024",
    ),
    "a long name": (_with(rest=f"state_dir: /{'x' * 500}"), "a name in the path has 500 bytes"),
    "a long name by its encoding": (_with(rest=f"jsonl: /{'ä' * 150}"), "has 300 bytes"),
    "a long source": (_with(f'"file:///{"x" * 500}"'), "a name in the path has 500 bytes"),
    "a long device": (_with(f'"v4l2:///dev/{"x" * 500}"'), "a name in the path has 500 bytes"),
    "a NUL in a path": (_with(rest='jsonl: "/a\\0b"'), "jsonl: a path cannot hold a NUL"),
    "a NUL in a file source": (_with('"file:///a%00b"'), "a path cannot hold a NUL"),
    "a NUL in a host": (_with(rest='mqtt: {url: "mqtt://h\\0x:1883"}'), "blanks or control"),
    "a line end in a host": (_with(rest='mqtt: {url: "mqtt://h\\nx"}'), "blanks or control"),
    "a blank in a host": (_with(rest='mqtt: {url: "wss://h x/mqtt"}'), "blanks or control"),
    "a host of dots": (_with(rest='mqtt: {url: "mqtt://a..b"}'), "mqtt.url: that is no host name"),
    "half an IPv6 address": (_with(rest='mqtt: {url: "mqtt://[::1"}'), "mqtt.url: invalid IPv6"),
    "a NUL in a camera": (_with('"rtsp://h\\0x/1"'), "uri: an address cannot hold control"),
    "an escape in a camera": (_with('"rtsp://h/\\x1b[31m"'), "uri: an address cannot hold control"),
    "a camera of dots": (_with('"rtsp://a..b/1"'), "'rtsp://a..b': that is no host name"),
    "a NUL in a login": (_with('"rtsp://u:p%00x@h/1"'), "a user name or password cannot"),
    "a NUL in a user name": (_with(of_source=', username: "u\\0"'), "a user name cannot hold"),
    "a sensor beyond counting": (_with(f'"csi://{"9" * 1900}"'), "expected the number of the sen"),
    "a pattern without an end": (_with(f'"test://ball?frames={"9" * 1900}"'), "expected a whole n"),
    "a NUL in a sink": (
        _with(rest='sampling: {s3: {bucket: abc, credentials_file: c, endpoint: "http://h\\0x"}}'),
        "sampling.s3.endpoint: an address cannot hold blanks or control",
    ),
    "a sink without a port": (
        _with(rest='sampling: {roboflow: {project: p, api_key_file: k, url: "http://h:70000"}}'),
        "sampling.roboflow.url: the port must be a number from 0 to 65535",
    ),
    "a NUL where models come from": (
        _with(rest='rollout: {allow_from: ["https://h\\0x/"]}'),
        "rollout.allow_from: an address cannot hold blanks or control",
    ),
    "a page on no host": (_with(rest='http: {listen: "a..b:80", token_file: t}'), "no host name"),
    "levels without end": ("[" * 40 + "]" * 40, "more than 50000 values or 32 levels"),
    "more levels than the stack": ("[" * 50_000, "not valid YAML"),
    "an anchor within itself": (_with(rest="device: &a {site: *a}"), "anchors within anchors"),
    "a list as a key": (_with(rest="? [a]\n: b"), "a key must be plain text"),
    "half a character": (_with(rest='device: {site: "\\ud800"}'), "device.site: holds half a char"),
    "half a key": (_with(rest='"\\ud800": x'), "a key must be plain text"),
    "an escape as a key": (_with(rest='"\\e[31m": x'), "\\x1b[31m: unknown key"),
    "a key without end": (_with(rest=f'? {"k" * 50_000}\n: x'), "…: unknown key"),
    "an address without end": (_with(f'"{"://" * 80_000}"'), "sources[0].uri: string should have"),
    "UTF-16": (GOOD.encode("utf-16"), "is not UTF-8 text"),
    "bytes": (b"\x00\x01\x02", "not valid YAML"),
    "an object of Python": (_with(rest="jsonl: !!python/object/apply:os.abort []"), "jsonl: "),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_each_is_told_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, expected = TABLE[name]
    config = tmp_path / "hostile.yaml"
    config.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert _exit_of("check", str(config)) == 2
    problems = [line for line in capsys.readouterr().out.splitlines() if "warning: " not in line]
    assert [expected in line for line in problems] == [True], problems
    assert all(line.isprintable() and len(line) < 2100 for line in problems)


def test_a_run_refuses_with_the_same_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "hostile.yaml"
    config.write_text(_with(of_source=f", max_fps: {SIXTIES}"), encoding="utf-8")
    assert _exit_of("run", str(config)) == 2
    told = capsys.readouterr().err
    assert "a number of more than 64 bits" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (f"SOURCES__{DIGITS}{DIGITS}__URI", "test://ball", "there is no such key"),
        (DEEP_KEYS, "1", "expected EDGEDET__SECTION__KEY"),
        ("SOURCES__0__MAX_FPS", SIXTIES, "a number of more than 64 bits"),
        ("MQTT__URL", "mqtt://h\x1b[31mx", "special characters are not allowed"),
        ("DEVICE__SITE", "\udcff", "special characters are not allowed"),
    ],
)
def test_a_variable_is_told_as_well(
    name: str,
    value: str,
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "good.yaml"
    config.write_text(GOOD, encoding="utf-8")
    monkeypatch.setenv(f"EDGEDET__{name}", value)
    assert _exit_of("check", str(config)) == 2
    problems = [line for line in capsys.readouterr().out.splitlines() if "warning: " not in line]
    assert [expected in line for line in problems] == [True], problems
    assert len(problems[0]) < 2100
