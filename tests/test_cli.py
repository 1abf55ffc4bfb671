"""The command line as a user calls it: output, errors in one line, exit codes, signals."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgedet import __version__
from tests.brokers import PATIENCE_S, wait_until
from tests.runs import PATTERN, read_lines, tiny_settings, write_config

EDGEDET = (sys.executable, "-m", "edgedet")
STOP_S = 5.0


def _run(*arguments: str | Path, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    command = [*EDGEDET, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def test_version() -> None:
    done = _run("--version")
    assert (done.returncode, done.stdout) == (0, f"edgedet {__version__}\n")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("models", "list", "--config")])
def test_output_that_finds_no_room_is_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    config = write_config(tmp_path, tiny_settings(tmp_path))
    given = [*arguments, *([str(config)] if arguments[-1] == "--config" else [])]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*EDGEDET, *given], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "edgedet: cannot write: No space left on device; make room\n"


@pytest.mark.parametrize("command", ["run", "detect", "check", "bench", "build-engine"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = _run(command, "--help")
    assert done.returncode == 0
    assert f"Example: edgedet {command}" in done.stdout


@pytest.mark.parametrize(
    "arguments", [(), ("fly",), ("run",), ("check",), ("run", "x.yaml", "--speed", "3")]
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_wrong_configuration_is_told_whole_and_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("model: {}\nsources: []\nbath: 1\n", encoding="utf-8")
    for command in ("run", "check"):
        done = _run(command, config)
        said = done.stdout + done.stderr
        assert done.returncode == 2
        assert f"{config}:1: model.bundle: missing; it is required" in said
        assert f"{config}:3: bath: unknown key; did you mean 'batch'?" in said
        assert "Traceback" not in said


def test_check_as_json(tmp_path: Path) -> None:
    done = _run("check", write_config(tmp_path, tiny_settings(tmp_path)), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"valid": True, "problems": [], "warnings": []}


def test_detect_writes_every_frame_in_order(tmp_path: Path) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    out = tmp_path / "out.jsonl"
    source = f"{PATTERN}&frames=50"
    done = _run("detect", "--bundle", bundle, "--source", source, "--out", out)
    assert done.returncode == 0, done.stderr
    assert [line["frame"]["seq"] for line in read_lines(out)] == list(range(50))
    assert {line["schema"] for line in read_lines(out)} == {"edgedet.detections/1"}


def test_detect_to_standard_output(tmp_path: Path) -> None:
    bundle = tiny_settings(tmp_path).model.bundle
    source = f"{PATTERN}&frames=5"
    done = _run("detect", "--bundle", bundle, "--source", source, "--out", "-")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == list(range(5))


def test_run_ends_by_itself_with_a_summary(tmp_path: Path) -> None:
    done = _run("run", write_config(tmp_path, tiny_settings(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert "30 frames in" in done.stdout


def test_run_ends_after_its_duration(tmp_path: Path) -> None:
    config = write_config(tmp_path, tiny_settings(tmp_path, {"id": "a", "uri": PATTERN}))
    done = _run("run", config, "--duration", "1", "--no-table")
    assert done.returncode == 0, done.stderr


def test_a_failed_source_is_exit_code_1_after_the_others_are_done(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    settings = tiny_settings(
        tmp_path,
        {"id": "good", "uri": f"{PATTERN}&frames=9", "realtime": False},
        {"id": "gone", "uri": "file:///nowhere/gone.avi"},
        jsonl=out,
    )
    done = _run("run", write_config(tmp_path, settings))
    assert done.returncode == 1
    assert "failed sources: gone" in done.stderr
    assert len(read_lines(out)) == 9


def test_a_broken_model_is_exit_code_1_in_one_line(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path)
    (settings.model.bundle / "model.onnx").write_bytes(b"no model")
    done = _run("run", write_config(tmp_path, settings))
    assert done.returncode == 1
    assert "model.onnx" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("bundle", "source", "code"),
    [
        ("nowhere", f"{PATTERN}&frames=1", 2),
        (".", f"{PATTERN}&frames=1", 1),
        ("bundle", "nowhere.avi", 2),
        ("bundle", "rtsp://10.0.0.5/1", 2),
        ("bundle", "ftp://x/y", 2),
        ("bundle", PATTERN, 2),
        ("bundle", f"{PATTERN}&frames=1", 1),  # the output is in no folder
    ],
)
def test_detect_refuses_what_it_cannot_do(
    tmp_path: Path, bundle: str, source: str, code: int
) -> None:
    tiny_settings(tmp_path)
    out = tmp_path / "none" / "out.jsonl"
    done = _run("detect", "--bundle", tmp_path / bundle, "--source", source, "--out", out)
    assert done.returncode == code
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("edgedet: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["live", "lossless", "unreachable"])
def test_a_signal_ends_it_in_time(tmp_path: Path, number: signal.Signals, kind: str) -> None:
    sources: dict[str, dict[str, object]] = {
        "live": {"id": "a", "uri": PATTERN},
        "lossless": {"id": "a", "uri": f"{PATTERN}&frames=900000", "realtime": False},
        "unreachable": {"id": "a", "uri": "rtsp://127.0.0.1:1/none"},
    }
    log = tmp_path / "log"
    config = write_config(tmp_path, tiny_settings(tmp_path, sources[kind]))
    with log.open("wb") as stderr:
        process = subprocess.Popen([*EDGEDET, "run", str(config)], stderr=stderr)
        assert wait_until(lambda: b"source 'a'" in log.read_bytes() + b"", PATIENCE_S)
        start_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(STOP_S + 5) == 0
    assert time.monotonic() - start_s < STOP_S
    assert b"Traceback" not in log.read_bytes()
