"""A network camera to try things with: a clip or a test picture, served in a loop over RTSP.

    python -m edgedet.sim.rtsp_camera clip.avi --port 8554
    python -m edgedet.sim.rtsp_camera --pattern ball --port 0

The clip is encoded to H.264 once and kept in the user's cache; its frames are held in memory, so
this is for clips of minutes. The first line on standard output is the address. SIGTERM, SIGINT,
or with `--until-stdin-closes` the death of the parent, end it.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from edgedet.errors import SourceError
from edgedet.sim.clip import load_clip, pattern_clip
from edgedet.sim.rtsp_server import CameraOptions, RtspCamera

_STOP_TIMEOUT_S = 5.0


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
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self.url = self._process.stdout.readline().strip()
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

    def stop(self) -> int:
        """End it, first asking; its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
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
    try:
        clip = (
            load_clip(options.file, cache) if options.file else pattern_clip(options.pattern, cache)
        )
        camera = RtspCamera(
            clip,
            CameraOptions(
                options.listen,
                options.port,
                options.path,
                options.username,
                password,
                options.audio,
            ),
        )
    except SourceError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    sys.stdout.write(camera.url + "\n")
    sys.stdout.flush()
    camera.run(until_stdin_closes=options.until_stdin_closes)
    return 0


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
    parser.add_argument("--audio", action="store_true", help="add an audio track (G.711)")
    parser.add_argument("--cache-dir", type=Path, help="for encoded clips (~/.cache/edgedet/sim)")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end with the parent process"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
