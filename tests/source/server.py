"""A real RTSP server for any launch line, in a process of its own.

    python -m tests.source.server 'videotestsrc ! x264enc ! rtph264pay name=pay0' [CERTIFICATE]

The first line on standard output is the address. It ends when standard input closes.
"""

import subprocess
import sys
from pathlib import Path

from edgedet.sim.gstreamer import gstreamer

ROOT = Path(__file__).parents[2]


class Server:
    """The server, as a test sees it."""

    def __init__(self, launch: str, certificate: Path | None = None, port: int = 0) -> None:
        command = [sys.executable, "-m", "tests.source.server", launch, str(port)]
        self._process = subprocess.Popen(
            command + ([str(certificate)] if certificate else []),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the server does not start"

    def stop(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.communicate()


def main(launch: str, port: str, certificate: str = "") -> None:
    """Serve until standard input closes."""
    loaded = gstreamer()
    glib, rtsp = loaded.glib, loaded.rtsp
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = rtsp.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    scheme = "rtsp"
    if certificate:
        from gi.repository import Gio  # noqa: PLC0415

        scheme = "rtsps"
        auth = rtsp.RTSPAuth()
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
        token = rtsp.RTSPToken()
        token.set_string("media.factory.role", "anyone")
        auth.set_default_token(token)
        server.set_auth(auth)
        permissions = rtsp.RTSPPermissions()
        for right in ("access", "construct"):
            permissions.add_permission_for_role("anyone", f"media.factory.{right}", True)  # noqa: FBT003
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/s", factory)
    server.attach(None)
    loop = glib.MainLoop()
    glib.io_add_watch(sys.stdin.fileno(), 0, glib.IOCondition.HUP, lambda *_: loop.quit())
    sys.stdout.write(f"{scheme}://127.0.0.1:{server.get_bound_port()}/s\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
