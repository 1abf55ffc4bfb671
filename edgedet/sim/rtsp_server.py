"""The server behind a simulated network camera: GStreamer's own RTSP library, playing a clip.

Serving costs next to no processor time, as the frames are encoded already, and the loop has no
seam: after the last frame the first, a key frame, is sent again. `obey` makes it misbehave.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from edgedet.errors import SimError, SourceError
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.clip import CODECS, Clip
from edgedet.sim.gstreamer import gstreamer
from edgedet.sim.rtsp_clock import ReportShifter
from edgedet.sim.rtsp_feeder import Feeder, Programme

_READ_BYTES = 65_536

MakeClip = Callable[[CameraCommand], Clip]
OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """Where and how the camera serves; port 0 takes a free one."""

    listen: str = "127.0.0.1"
    port: int = 8554
    path: str = "/stream"
    username: str | None = None
    password: str = ""
    audio: bool = False
    mid_gop: bool = False


class RtspCamera:
    """The server; made, run and ended on one thread, which it blocks.

    From its making on, SIGINT and SIGTERM end `run`. Requests of clients are answered on a thread
    of GStreamer's.
    """

    def __init__(self, clip: Clip, options: CameraOptions, make_clip: MakeClip) -> None:
        """Take the port; `make_clip` gives what a command wants shown."""
        self._gst, self._glib, self._rtsp, self._status = gstreamer()
        self._options = options
        self._make_clip = make_clip
        self._programme = Programme(clip, starts_mid_gop=options.mid_gop)
        self._clock_offset_s = 0.0
        self._shifter: ReportShifter | None = None
        self._delays_s: dict[str, float] = {}
        self._unread = b""
        self._loop = self._glib.MainLoop()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._glib.unix_signal_add(self._glib.PRIORITY_DEFAULT, number, self._loop.quit)
        self._server = self._rtsp.RTSPServer()
        self._server.set_address(options.listen)
        self._server.set_service(str(options.port))
        self._server.connect("client-connected", self._on_client)
        self._mount()
        self._attached = self._server.attach(None)
        if self._attached == 0:
            msg = f"cannot serve on {options.listen}:{options.port}; choose a free --port, or 0"
            raise SourceError(msg)
        self._port = self._server.get_bound_port()

    @property
    def url(self) -> str:
        """The address to read from, without credentials."""
        return f"rtsp://{self._options.listen}:{self._port}{self._options.path}"

    def run(self, *, until_stdin_closes: bool = False, on_line: OnLine | None = None) -> None:
        """Serve until a signal comes or, if asked for, standard input closes.

        Each line of standard input is given to `on_line`.
        """
        if until_stdin_closes:
            condition = self._glib.IOCondition.HUP | self._glib.IOCondition.IN
            self._glib.io_add_watch(
                sys.stdin.fileno(), self._glib.PRIORITY_DEFAULT, condition, self._on_stdin, on_line
            )
        self._glib.timeout_add_seconds(5, self._forget_sessions)
        self._loop.run()

    def obey(self, command: CameraCommand) -> None:
        """Do what is told, at once.

        Raises:
            SourceError: if there is no such picture.
            SimError: if the port cannot be had again.
        """
        if self._programme.obey(command, time.monotonic()):
            return
        match command.do:
            case "drop":
                self._drop_clients()
            case "off" | "on":
                self._set_listening(is_wanted=command.do == "on")
            case "show":
                self._show(command)
            case "password":
                self._options = replace(
                    self._options, username=command.username, password=command.password
                )
                self._mount()
            case "slow":
                self._delays_s[command.request] = command.by_s
            case "clock":
                self._clock_offset_s = command.offset_s
            case _:
                msg = f"'{command.do}' is for the process, not for the camera inside"
                raise SimError(msg)

    def _mount(self) -> None:
        """Offer the stream as it is now to whoever connects from now on."""
        factory = self._rtsp.RTSPMediaFactory()
        factory.set_launch(_launch_line(self._programme.clip, audio=self._options.audio))
        factory.set_shared(True)
        factory.connect("media-configure", self._on_media)
        if self._options.username is not None:
            _protect(self._rtsp, self._server, factory, self._options)
        self._server.get_mount_points().add_factory(self._options.path, factory)

    def _show(self, command: CameraCommand) -> None:
        clip = self._make_clip(command)
        is_other_codec = clip.codec != self._programme.clip.codec
        self._programme.clip = clip
        if is_other_codec:  # cameras whose codec is changed by hand hang up, too
            self._mount()
            self._drop_clients()

    def _drop_clients(self) -> None:
        remove = self._rtsp.RTSPFilterResult.REMOVE
        self._server.client_filter(lambda *_: remove)
        self._server.get_session_pool().filter(lambda *_: remove)

    def _set_listening(self, *, is_wanted: bool) -> None:
        if not is_wanted and self._attached:
            self._glib.source_remove(self._attached)
            self._attached = 0
            self._drop_clients()
        elif is_wanted and not self._attached:
            self._server.set_service(str(self._port))
            self._attached = self._server.attach(None)
            if not self._attached:
                msg = f"cannot serve on port {self._port} again: another program has taken it"
                raise SimError(msg)

    def _on_client(self, _server: object, client: Any) -> None:  # noqa: ANN401
        def delay(request: str) -> Any:  # noqa: ANN401
            time.sleep(self._delays_s.get(request, 0.0))  # on GStreamer's thread
            return self._status.OK

        for request in ("describe", "setup", "play"):
            client.connect(f"pre-{request}-request", lambda *_, name=request: delay(name))

    def _on_stdin(self, fd: int, _condition: object, on_line: OnLine | None) -> bool:
        """Take commands; that our input closes is most likely the death of the parent."""
        data = os.read(fd, _READ_BYTES)
        if not data:
            self._loop.quit()
            return False
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            if on_line is not None and line.strip():
                on_line(line.decode("utf-8", "replace"))
        return True

    def _forget_sessions(self) -> bool:
        """Let go of clients that vanished without a word."""
        self._server.get_session_pool().cleanup()
        return True

    def _on_media(self, _factory: object, media: Any) -> None:  # noqa: ANN401
        """Feed a stream that a first client has asked for; all clients share it."""
        appsrc = media.get_element().get_by_name("frames")
        feeder = Feeder(self._gst, self._glib, appsrc, self._programme)
        media.connect("unprepared", lambda _media: feeder.stop())
        media.connect("prepared", self._on_prepared)
        feeder.step()

    def _on_prepared(self, media: Any) -> None:  # noqa: ANN401
        with contextlib.suppress(OSError):  # another platform: the clock cannot be told to be wrong
            self._shifter = self._shifter or ReportShifter(lambda: self._clock_offset_s)
            self._shifter.watch(media)


def _launch_line(clip: Clip, *, audio: bool) -> str:
    """The media of one stream."""
    codec = CODECS[clip.codec]
    video = (
        f"appsrc name=frames is-live=true do-timestamp=true format=time leaky-type=downstream"
        f" max-bytes=4194304 caps={codec.caps} ! {codec.payloader} name=pay0 pt=96"
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
