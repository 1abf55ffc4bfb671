"""The demo: two cameras become MQTT messages. `make demo` calls it.

    python -m edgedet.sim.demo --clip vtest.avi --seconds 20

One camera is a real RTSP server that plays the clip as H.264, the other is the clip as a file. The
runtime is `edgedet run`, in a process of its own, with a broker inside for anybody to subscribe to.
"""

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from edgedet.errors import SourceError
from edgedet.sim.rtsp_camera import CameraProcess

_BUNDLE = Path("models/person")
_TOPICS = "edgedet/v1/demo/+/src/+/detections"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C, or for `--seconds`; the exit code of `edgedet run`."""
    options = _parser().parse_args(arguments)
    if options.clip is None:
        _say("the street scene could not be had: a synthetic camera instead, which shows no people")
    listen, page = _free_address(options.listen), _free_address("127.0.0.1:8080")
    camera = [str(options.clip)] if options.clip else ["--pattern", "ball"]
    try:
        with CameraProcess(*camera, "--port", "0") as rtsp, tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "demo.yaml"
            content = demo_settings(options.bundle, rtsp.url, options.clip, listen, page)
            config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
            _say(f"an RTSP camera serves at {rtsp.url}")
            _say(f"the page is at http://{page}")
            _say(f"subscribe from another terminal: mosquitto_sub {_address(listen)}")
            return _run(config, options.seconds)
    except SourceError as exc:
        _say(f"error: {exc}")
        return 1


def demo_settings(
    bundle: Path, url: str, clip: Path | None, listen: str, page: str
) -> dict[str, object]:
    """The configuration of the demo; without a clip the second camera is synthetic too."""
    second: dict[str, object] = {"id": "street-file", "uri": "test://smpte"}
    if clip is not None:
        second = {"id": "street-file", "uri": clip.resolve().as_uri(), "loop": True}
    return {
        "device": {"site": "demo", "name": "demo"},
        "model": {"bundle": str(bundle.resolve())},
        "sources": [{"id": "street-rtsp", "uri": url}, second],
        "mqtt": {"url": "embedded", "embedded_listen": listen},
        "http": {"listen": page},
        "state_dir": "state",
    }


def _run(config: Path, seconds: float | None) -> int:
    """`edgedet run` on our terminal. Ctrl-C reaches it by itself; we wait for its good-bye."""
    command = [sys.executable, "-m", "edgedet", "run", str(config)]
    if seconds is not None:
        command += ["--duration", str(seconds)]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with subprocess.Popen(  # noqa: S603 - our own module
            command,
            preexec_fn=_take_interrupts,  # noqa: PLW1509 - no threads here
        ) as process:
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def _take_interrupts() -> None:
    """Undo, in the new process, that we ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _free_address(listen: str) -> str:
    """`listen`, or another port of its host if somebody has taken that one, to tell the right one.

    An address that makes no sense is left to the runtime, which says so.
    """
    host, _, port = listen.rpartition(":")
    for number in (port, "0"):
        with contextlib.suppress(OSError, ValueError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(number)))
            if number == "0":
                _say(f"port {port} is taken by another program")
            return f"{host}:{probe.getsockname()[1]}"
    return listen


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    return f"-h {host} -p {port} -t '{_TOPICS}'"


def _say(text: str) -> None:
    sys.stderr.write(f"demo: {text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edgedet.sim.demo", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clip", type=Path, help="a video of a street; none: synthetic cameras")
    parser.add_argument("--bundle", type=Path, default=_BUNDLE, help="model (%(default)s)")
    parser.add_argument("--seconds", type=float, help="end by itself after so many seconds")
    parser.add_argument("--listen", default="127.0.0.1:1883", help="the broker's (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
