"""`edgedet health`: asks the service that runs here how it is, for probes and for people."""

import http.client
import json
from dataclasses import dataclass
from pathlib import Path

from edgedet.config.http import HttpSettings
from edgedet.config.load import load_settings
from edgedet.errors import ConfigError
from edgedet.health.guard import read_token

_TIMEOUT_S = 5.0
_MAX_BYTES = 1_000_000
_EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to ask, not to bind


@dataclass(frozen=True, slots=True)
class HealthResult:
    """What was answered. `lines` are for people, `body` is the answer itself."""

    is_ok: bool
    lines: tuple[str, ...]
    body: dict[str, object]


def health(config: Path, *, asks_ready: bool) -> HealthResult:
    """Ask `/healthz` of the service that runs `config`, or `/readyz`.

    Raises:
        ConfigError: the configuration is wrong, or says that nobody listens.
    """
    settings = load_settings(config).settings.http
    if settings.is_off:
        msg = (
            f"{config}: http.listen is off, so there is nobody to ask; expected an address, as in"
            ' http: {listen: "127.0.0.1:8080"}'
        )
        raise ConfigError(msg)
    try:
        body = _ask(settings, "/readyz" if asks_ready else "/healthz")
    except (OSError, http.client.HTTPException, ValueError) as exc:
        reason = str(exc) or type(exc).__name__
        line = f"no answer from {settings.listen}: {reason}; is `edgedet run` running here?"
        return HealthResult(is_ok=False, lines=(line,), body={"status": "unknown", "error": line})
    checks = body.get("checks")
    failed = [
        f"{check['name']}: {check['reason']}"
        for check in (checks if isinstance(checks, list) else [])
        if not check["ok"]
    ]
    is_ok = body.get("status") == "ok"
    return HealthResult(is_ok, tuple(failed) or (str(body.get("status")),), body)


def _ask(settings: HttpSettings, path: str) -> dict[str, object]:
    host = _EVERY_ADDRESS.get(settings.host, settings.host)
    headers = {}
    if settings.token_file is not None:
        headers["Authorization"] = f"Bearer {read_token(settings.token_file)}"
    connection = http.client.HTTPConnection(host, settings.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path, headers=headers)
        content = connection.getresponse().read(_MAX_BYTES)
    finally:
        connection.close()
    body = json.loads(content)
    if not isinstance(body, dict):
        msg = "the answer is none of ours"
        raise ValueError(msg)  # noqa: TRY004 - what somebody else's server says is no type of ours
    return body
