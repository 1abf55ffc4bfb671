"""The page and the metrics: can their address be had, does the running service answer there?"""

import http.client
import socket
from collections.abc import Iterator

from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.settings import Settings

NAME = "http"
_TIMEOUT_S = 5.0


def examine(settings: Settings, *, is_running: bool) -> Iterator[Check]:
    """What is to be said of `http.listen`."""
    listen = settings.http.listen
    if listen == "off":
        return
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if is_running:
        yield _answer(host or "127.0.0.1", int(port))
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except OSError as exc:
        yield failed(
            NAME,
            f"{listen} cannot be listened at ({exc.strerror})",
            f"`ss -ltnp | grep {port}` tells who does; choose another port for http.listen",
        )
    else:
        yield passed(NAME, f"{listen} is free")


def _answer(host: str, port: int) -> Check:
    """What the running service says of itself."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        body = response.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as exc:
        return failed(NAME, f"{host}:{port} does not answer ({exc})", "`journalctl -u edgedet`")
    finally:
        connection.close()
    if response.status == http.client.OK:
        return passed(NAME, f"{host}:{port} answers, and is healthy")
    return warned(NAME, f"{host}:{port} says {response.status}: {body}", "`journalctl -u edgedet`")
