"""No configured secret reaches a log, a message, a file of the state folder or an error text."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from edgedet.sim.rtsp_camera import CameraProcess
from tests.brokers import Subscriber, free_port
from tests.conftest import StartMosquitto
from tests.runs import PATTERN, tiny_settings

# what ends a user information, a word, a string, a line or a format, in one place or another
ODD = ("pa@ss/w0rd?#", "semi;colon&amp=1", "quote\"'tick`", "per%41cent%", "sp ace\ttab", "ünï©ode",
       "back\\slash{}", "$(touch x)%s", "://user@host", "token=abc123xyz")  # fmt: skip
TOKEN = "T0ken-of-the-page-0123456789"  # noqa: S105 - made up
PATHS = ("/", "/healthz", "/readyz", "/metrics", "/api/state", "/api/history", "/nothing")
PATIENCE_S = 60.0


def _forms(secret: str) -> set[str]:
    """How a secret may look where it leaks: as it is, in JSON, in Python, in an address."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        secret.encode().decode("latin-1"),
    }


def _leaks(secrets: list[str], texts: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (secret, where)
        for secret in secrets
        for where, text in texts.items()
        if any(form in text for form in _forms(secret))
    ]


def _config(folder: Path, url: str, camera: str, **mqtt: object) -> tuple[Path, list[str]]:
    """A configuration that names every odd secret in every place, and the secrets."""
    secrets, sources = [], []
    for number, odd in enumerate(ODD):
        # whole secrets are looked for: each must be one that nothing else contains
        in_uri, in_file = f"U{number}{odd}", f"F{number}{odd}"
        secrets += [in_uri, in_file]
        path = folder / f"{number}.pw"
        path.write_text(in_file, encoding="utf-8")
        host = camera if number % 2 else f"rtsp://127.0.0.1:{free_port()}/1"
        encoded = f"rtsp://admin:{quote(in_uri, safe='')}@{host.partition('://')[2]}"
        sources += [
            {"id": f"uri{number}", "uri": encoded},
            {"id": f"file{number}", "uri": host, "username": "admin", "password_file": str(path)},
        ]
    sources.append({"id": "pattern", "uri": PATTERN})
    settings = tiny_settings(folder)
    content = {
        "device": {"site": "lab", "name": "bench"},
        "model": {"bundle": str(settings.model.bundle), "backend": "onnxruntime"},
        "sources": sources,
        "mqtt": {"url": url, "heartbeat_s": 1, **mqtt},
        "state_dir": str(folder / "state"),
        "jsonl": str(folder / "out.jsonl"),
        "http": {"listen": f"127.0.0.1:{free_port()}", "token_file": str(folder / "http.token")},
    }
    (folder / "http.token").write_text(TOKEN)
    secrets.append(TOKEN)
    path = folder / "edgedet.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path, secrets


def _edgedet(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "edgedet", "--log-level", "debug", *arguments],
        env=os.environ | {"GST_DEBUG": "0"},
        capture_output=True,
        timeout=120,
        check=False,
    )


def _page(config: Path) -> dict[str, str]:
    """What the running service answers, with its token and without."""
    listen = json.loads(config.read_text())["http"]["listen"]
    texts = {}
    for path in PATHS:
        for given in ({}, {"Authorization": f"Bearer {TOKEN}"}):
            request = urllib.request.Request(f"http://{listen}{path}", headers=given)
            try:
                with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                    texts[f"{path} {len(given)}"] = (
                        f"{response.headers}\n{response.read().decode()}"
                    )
            except urllib.error.HTTPError as exc:
                with exc:
                    texts[f"{path} {len(given)}"] = f"{exc.headers}\n{exc.read().decode()}"
    return texts


@pytest.mark.timeout(180)
def test_a_run_shows_no_secret(tmp_path: Path, mosquitto: StartMosquitto) -> None:
    broker = mosquitto()
    password = tmp_path / "camera.pw"
    password.write_text("right")
    asked = ("--username", "admin", "--password-file", str(password))
    with CameraProcess("--pattern", "ball", "--port", "0", *asked) as camera:
        mqtt_password = f"M{ODD[0]}"
        (tmp_path / "mqtt.pw").write_text(mqtt_password)
        path, secrets = _config(
            tmp_path, broker.url, camera.url,
            username="me", password_file=str(tmp_path / "mqtt.pw"),
        )  # fmt: skip
        subscriber = Subscriber(broker.port)
        log = (tmp_path / "log").open("w+b")
        process = subprocess.Popen(
            [sys.executable, "-m", "edgedet", "--log-level", "debug", "run", str(path)],
            stdout=log,
            stderr=log,
        )
        try:
            # the cameras were tried, and refused us: else nothing is tested
            for state in ("auth_failed", "reconnecting", "live"):
                subscriber.wait_for(lambda m, s=state: m.state == s, PATIENCE_S)  # type: ignore[misc]
            pages = _page(path)
            process.terminate()
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        messages = subscriber.listen(0.5)
        subscriber.close()
        log.seek(0)
        told = log.read().decode(errors="replace")
        log.close()
    assert "edgedet_" in pages["/metrics 1"]
    texts = pages | {
        "log": told,
        "messages": "\n".join(
            f"{m.topic} {m.payload.decode(errors='replace')} {m.properties}" for m in messages
        ),
    }
    for file in (*(tmp_path / "state").rglob("*"), tmp_path / "out.jsonl"):
        if file.is_file():
            texts[str(file)] = file.read_bytes().decode(errors="replace")
    assert _leaks([*secrets, mqtt_password], texts) == []


def test_errors_and_reports_show_no_secret(tmp_path: Path) -> None:
    path, secrets = _config(
        tmp_path, f"mqtt://127.0.0.1:{free_port()}", f"rtsp://127.0.0.1:{free_port()}/1"
    )
    broken = json.loads(path.read_text())
    for number, source in enumerate(broken["sources"][:-1]):
        source["uri"] = source["uri"].replace("rtsp://", ("rtsp:/", "rstp://", "")[number % 3])
        source["password"] = f"P{number}{ODD[0]}"
        secrets.append(source["password"])
    bad = tmp_path / "bad.yaml"
    bad.write_text(json.dumps(broken))
    bad.with_suffix(".cut").write_text(json.dumps(broken)[:-7])
    texts = {}
    for name, arguments in {
        "check": ("check", str(path)),
        "check bad": ("check", str(bad)),
        "check bad json": ("check", str(bad), "--json"),
        "check cut": ("check", str(bad.with_suffix(".cut"))),
        "run bad": ("run", str(bad)),
        "doctor": ("doctor", str(path), "--json"),
    }.items():
        done = _edgedet(*arguments)
        texts[name] = (done.stdout + done.stderr).decode(errors="replace")
        assert texts[name]
    assert _leaks(secrets, texts) == []
