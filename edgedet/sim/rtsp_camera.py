"""A network camera to try things with: a clip or a test picture, served in a loop over RTSP.

    python -m edgedet.sim.rtsp_camera clip.avi --port 8554
    python -m edgedet.sim.rtsp_camera --pattern ball --port 0

The clip is encoded to H.264 once and kept in the user's cache; its frames are held in memory, so
this is for clips of minutes. The first line on standard output is the address. SIGTERM, SIGINT,
or with `--until-stdin-closes` the death of the parent, end it. With the latter, a line of JSON on
standard input makes it misbehave, as in `{"do": "stall"}`; each is answered with a line.
"""

import argparse
import contextlib
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from edgedet.errors import EdgedetError, SimError, SourceError
from edgedet.sim.camera_command import CameraCommand
from edgedet.sim.clip import CODECS, Clip, Pattern, load_clip, pattern_clip
from edgedet.sim.rtsp_server import CameraOptions, RtspCamera

_STOP_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 20.0
_DONE = "ok"


class CameraProcess:
    """A simulated camera in a process of its own, which ends with ours.

    `arguments` are those of the command line. Used as a context manager; `url` is its address.
    """

    def __init__(self, *arguments: str) -> None:
        """Start it and wait until it serves.

        Raises:
            SourceError: if it ends instead; why is on standard error.
        """
        command = [sys.executable, "-m", __name__, *arguments, "--until-stdin-closes"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101
        self._input, self._output = self._process.stdin, self._process.stdout
        self.url = self._output.readline().strip()
        if not self.url:
            code = self.stop()
            msg = f"the simulated camera ended with {code} instead of serving"
            raise SourceError(msg)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait(self, timeout_s: float) -> int:
        """Its exit code, when it ends by itself; subprocess.TimeoutExpired if it does not."""
        return self._process.wait(timeout_s)

    def tell(self, command: CameraCommand) -> None:
        """Make it do something, and wait until it has.

        Raises:
            SimError: if it cannot, or has ended.
        """
        if command.do in {"hang", "resume"}:
            is_hang = command.do == "hang"
            self._process.send_signal(signal.SIGSTOP if is_hang else signal.SIGCONT)
            return
        answer = ""
        with contextlib.suppress(BrokenPipeError, ValueError):  # it has ended; we have stopped it
            self._input.write(command.model_dump_json(exclude_unset=True) + "\n")
            self._input.flush()
            poller = select.poll()
            poller.register(self._output, select.POLLIN)
            if poller.poll(_ANSWER_TIMEOUT_S * 1000):
                answer = self._output.readline().strip()
        if answer != _DONE:
            msg = f"camera {self.url}: cannot {command.do}: {answer or 'it does not answer'}"
            raise SimError(msg)

    def stop(self) -> int:
        """End it, first asking; its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # it may hang by order
        try:
            self._process.communicate(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> "CameraProcess":  # noqa: PYI034 - Self is Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve as the command line says; 0 after a signal, 1 if it cannot be done."""
    options = _parser().parse_args(arguments)
    cache = options.cache_dir or Path.home() / ".cache" / "edgedet" / "sim"
    password = options.password_file.read_text().strip() if options.password_file else ""
    pattern = Pattern(
        options.pattern or "ball",
        options.codec,
        options.width,
        options.height,
        options.fps,
        options.seconds,
        options.key_interval,
    )

    def make_clip(command: CameraCommand) -> Clip:
        shown = replace(
            pattern,
            name=command.pattern or pattern.name,
            codec=command.codec or pattern.codec,
            width=command.width or pattern.width,
            height=command.height or pattern.height,
        )
        return pattern_clip(shown, cache)

    try:
        clip = load_clip(options.file, cache) if options.file else pattern_clip(pattern, cache)
        serving = CameraOptions(
            options.listen,
            options.port,
            options.path,
            options.username,
            password,
            options.audio,
            options.mid_gop,
        )
        camera = RtspCamera(clip, serving, make_clip)
    except SourceError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    _say(camera.url)
    camera.run(until_stdin_closes=options.until_stdin_closes, on_line=lambda x: _obey(camera, x))
    return 0


def _obey(camera: RtspCamera, line: str) -> None:
    """Do what a line of standard input says, and answer with one line."""
    try:
        camera.obey(CameraCommand.model_validate_json(line))
    except (EdgedetError, ValidationError) as exc:
        _say(" ".join(str(exc).split()))
    else:
        _say(_DONE)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m edgedet.sim.rtsp_camera", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, help="video to serve in a loop")
    what.add_argument("--pattern", help="a GStreamer test picture instead, as in ball")
    parser.add_argument("--listen", default="127.0.0.1", help="address to bind (%(default)s)")
    parser.add_argument("--port", type=int, default=8554, help="0 = a free one (%(default)s)")
    parser.add_argument("--path", default="/stream", help="path of the stream (%(default)s)")
    parser.add_argument("--username", help="ask for this user")
    parser.add_argument("--password-file", type=Path, help="file with that user's password")
    parser.add_argument("--codec", choices=tuple(CODECS), default="h264", help="(%(default)s)")
    parser.add_argument("--width", type=int, default=640, help="of the test picture (%(default)s)")
    parser.add_argument("--height", type=int, default=480, help="(%(default)s)")
    parser.add_argument("--fps", type=int, default=25, help="frames a second (%(default)s)")
    parser.add_argument("--seconds", type=int, default=10, help="length of a round (%(default)s)")
    parser.add_argument("--key-interval", type=float, default=1.0, help="seconds (%(default)s)")
    parser.add_argument("--mid-gop", action="store_true", help="begin behind a key frame")
    parser.add_argument("--audio", action="store_true", help="add an audio track (G.711)")
    parser.add_argument("--cache-dir", type=Path, help="for encoded clips (~/.cache/edgedet/sim)")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the parent process"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
