"""The server behind a simulated network camera: GStreamer's own RTSP library, playing a clip.

Serving costs next to no processor time, as the frames are encoded already, and the loop has no
seam: after the last frame the first, a key frame, is sent again.
"""

import signal
import sys
import time
from dataclasses import dataclass
from typing import Any

from edgedet.errors import SourceError
from edgedet.sim.clip import Clip
from edgedet.sim.gstreamer import gstreamer

_STREAM = "video/x-h264,stream-format=byte-stream,alignment=au"
_MAX_LAG_S = 1.0


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """Where and how the camera serves; port 0 takes a free one."""

    listen: str = "127.0.0.1"
    port: int = 8554
    path: str = "/stream"
    username: str | None = None
    password: str = ""
    audio: bool = False


class RtspCamera:
    """The server; made, run and ended on one thread, which it blocks.

    From its making on, SIGINT and SIGTERM end `run`.
    """

    def __init__(self, clip: Clip, options: CameraOptions) -> None:
        self._gst, self._glib, rtsp = gstreamer()
        self._clip = clip
        self._options = options
        self._loop = self._glib.MainLoop()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._glib.unix_signal_add(self._glib.PRIORITY_DEFAULT, number, self._loop.quit)
        self._server = rtsp.RTSPServer()
        self._server.set_address(options.listen)
        self._server.set_service(str(options.port))
        factory = rtsp.RTSPMediaFactory()
        factory.set_launch(_launch_line(audio=options.audio))
        factory.set_shared(True)
        factory.connect("media-configure", self._on_media)
        if options.username is not None:
            _protect(rtsp, self._server, factory, options)
        self._server.get_mount_points().add_factory(options.path, factory)
        if self._server.attach(None) == 0:
            msg = f"cannot serve on {options.listen}:{options.port}; choose a free --port, or 0"
            raise SourceError(msg)

    @property
    def url(self) -> str:
        """The address to read from, without credentials."""
        port = self._server.get_bound_port()
        return f"rtsp://{self._options.listen}:{port}{self._options.path}"

    def run(self, *, until_stdin_closes: bool = False) -> None:
        """Serve until a signal comes or, if asked for, standard input closes."""
        if until_stdin_closes:
            closed = self._glib.IOCondition.HUP | self._glib.IOCondition.IN
            self._glib.io_add_watch(
                sys.stdin.fileno(), self._glib.PRIORITY_DEFAULT, closed, self._on_stdin
            )
        self._glib.timeout_add_seconds(5, self._forget_sessions)
        self._loop.run()

    def _on_stdin(self, _fd: int, _condition: object) -> bool:
        """The parent has closed our input, most likely by dying."""
        self._loop.quit()
        return False

    def _forget_sessions(self) -> bool:
        """Let go of clients that vanished without a word."""
        self._server.get_session_pool().cleanup()
        return True

    def _on_media(self, _factory: object, media: Any) -> None:  # noqa: ANN401
        """Feed a stream that a first client has asked for; all clients share it."""
        appsrc = media.get_element().get_by_name("frames")
        feeder = _Feeder(self._gst, self._glib, appsrc, self._clip)
        media.connect("unprepared", lambda _media: feeder.stop())
        feeder.step()


class _Feeder:
    """Pushes the clip's frames at their rate, round after round."""

    def __init__(self, gst: Any, glib: Any, appsrc: Any, clip: Clip) -> None:  # noqa: ANN401
        self._gst, self._glib, self._appsrc, self._clip = gst, glib, appsrc, clip
        self._start_s = time.monotonic()
        self._count = 0
        self._runs = True

    def stop(self) -> None:
        """Push no more."""
        self._runs = False

    def step(self) -> bool:
        """Push the next frame and plan the one after it."""
        if not self._runs:
            return False
        frames = self._clip.frames
        buffer = self._gst.Buffer.new_wrapped(frames[self._count % len(frames)])
        self._appsrc.emit("push-buffer", buffer)
        self._count += 1
        wait_s = self._start_s + self._count / self._clip.fps - time.monotonic()
        if wait_s < -_MAX_LAG_S:  # the machine slept or is overloaded: do not send a burst
            self._start_s -= wait_s
        self._glib.timeout_add(max(0, round(wait_s * 1000)), self.step)
        return False


def _launch_line(*, audio: bool) -> str:
    """The media of one stream."""
    video = (
        f"appsrc name=frames is-live=true do-timestamp=true format=time leaky-type=downstream"
        f" max-bytes=4194304 caps={_STREAM} ! h264parse"
        " ! rtph264pay name=pay0 pt=96 config-interval=-1"
    )
    sound = "audiotestsrc is-live=true wave=ticks ! alawenc ! rtppcmapay name=pay1 pt=8"
    return f"( {video} {sound if audio else ''} )"


def _protect(rtsp: Any, server: Any, factory: Any, options: CameraOptions) -> None:  # noqa: ANN401
    """Let nobody in but the one user (basic authentication)."""
    token = rtsp.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = rtsp.RTSPAuth()
    auth.add_basic(rtsp.RTSPAuth.make_basic(options.username, options.password), token)
    server.set_auth(auth)
    permissions = rtsp.RTSPPermissions()
    for right in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{right}", True)  # noqa: FBT003
    factory.set_permissions(permissions)
