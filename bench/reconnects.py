"""What a camera leaves behind when it is lost and opened again, and what one more camera costs.

    python -m bench.reconnects --cycles 500
    python -m bench.reconnects --cycles 0 --cameras 4

A simulated camera is read through a relay in this process. Every other time the relay resets the
connection, as a network does, and the source must notice; the other times the source is closed.
Open files, threads and resident memory are noted every few cycles, once all threads are at rest.
Growth is the slope of a straight line through all but the first fifth, for 100 reconnects.
"""

import argparse
import contextlib
import gc
import os
import select
import socket
import statistics
import struct
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from edgedet.clock import SystemClock
from edgedet.config.source import SourceSettings
from edgedet.errors import SourceError
from edgedet.frame import Frame
from edgedet.sim.rtsp_camera import CameraProcess
from edgedet.source import FrameSource, create_source

_OPEN_S = 30.0
_NOTE_EVERY = 5
_WARM_SHARE = 0.2
_HELD_FRAMES = 4  # of a live source: two in its channel, two being painted
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
_BYTES = 1 << 16

Resources = tuple[int, int, int]
"""Open files, native threads, resident kilobytes."""


class Relay:
    """Passes connections on to a camera until it is told to reset them all."""

    def __init__(self, host: str, port: int) -> None:
        """Listen on a free port."""
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()  # guards _pairs
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Break all connections at once."""
        with self._lock:
            for ends in self._pairs:
                for end in ends:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    end.close()
            self._pairs.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                peers = dict(self._pairs) | {b: a for a, b in self._pairs}
            try:
                ready, _, _ = select.select([self._server, *peers], [], [], 0.05)
            except (OSError, ValueError):  # closed by a reset just now
                continue
            for end in ready:
                if end is self._server:
                    client, _ = self._server.accept()
                    with self._lock:
                        self._pairs.append((client, socket.create_connection(self._target)))
                else:
                    self._pass_on(end, peers[end])

    def _pass_on(self, end: socket.socket, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            data = end.recv(_BYTES)
            if data:
                peer.sendall(data)
                return
        with self._lock:
            self._pairs = [ends for ends in self._pairs if end not in ends]
        end.close()
        peer.close()


def main() -> None:
    """Measure and print."""
    options = _parser().parse_args()
    size = ["--width", str(options.width), "--height", str(options.height), "--fps", "15"]
    with CameraProcess("--pattern", "ball", "--port", "0", "--seconds", "4", *size) as camera:
        parts = urlsplit(camera.url)
        relay = Relay(parts.hostname or "", parts.port or 0)
        uri = f"rtsp://127.0.0.1:{relay.port}{parts.path}"
        print(f"a camera of {options.width} x {options.height} at 15 frames a second, H.264")
        if options.cycles:
            reconnect(uri, relay, options.cycles)
        if options.cameras:
            add_cameras(uri, options.cameras)


def reconnect(uri: str, relay: Relay, cycles: int) -> None:
    """Lose and open one source again, and print what grows."""
    source = _source("gate", uri)
    notes: list[tuple[int, Resources]] = []
    start_s = time.perf_counter()
    for number in range(1, cycles + 1):
        _read(source, 2)
        if number % 2:
            relay.reset()
            _read_until_lost(source)
        source.close()
        if number % _NOTE_EVERY == 0:
            notes.append((number, _settled()))
    elapsed_s = time.perf_counter() - start_s
    kept = notes[int(len(notes) * _WARM_SHARE) :]
    print(f"{cycles} reconnects in {elapsed_s:.0f} s, {cycles // 2} of them by a reset connection")
    for index, what in enumerate(("open files", "threads", "resident memory, kB")):
        values = [found[index] for _, found in kept]
        slope = statistics.linear_regression([n for n, _ in kept], values).slope * 100
        first, last = kept[0][1][index], kept[-1][1][index]
        print(f"  {what:<20} {first:>8} -> {last:>8}   {slope:+9.2f} for 100 reconnects")


def add_cameras(uri: str, count: int) -> None:
    """Open one source after the other, all of them read on, and print what each adds."""
    sources: list[FrameSource] = []
    held: list[list[Frame]] = []
    before = _settled()
    for number in range(count):
        sources.append(_source(f"gate-{number}", uri))
        held.append([])
        sources[-1].open(_OPEN_S)
        end_s = time.monotonic() + 4.0
        while time.monotonic() < end_s:
            for source, frames in zip(sources, held, strict=True):
                frame = source.read(0.05)
                if frame is not None:
                    frames.append(frame)
                if len(frames) > _HELD_FRAMES:
                    frames.pop(0).close()
        now = _resources()
        grown = [after - first for after, first in zip(now, before, strict=True)]
        print(
            f"  camera {number + 1}: {grown[2] / 1024:+7.1f} MB, {grown[1]:+d} threads,"
            f" {grown[0]:+d} open files"
        )
        before = now
    for source in sources:
        source.close()


def _source(source_id: str, uri: str) -> FrameSource:
    settings = SourceSettings.model_validate({"id": source_id, "uri": uri})
    return create_source(settings, SystemClock())


def _read(source: FrameSource, count: int) -> None:
    source.open(_OPEN_S)
    for _ in range(count):
        frame = source.read(_OPEN_S)
        if frame is not None:
            frame.close()


def _read_until_lost(source: FrameSource) -> None:
    end_s = time.monotonic() + _OPEN_S
    with contextlib.suppress(SourceError):
        while time.monotonic() < end_s:
            frame = source.read(1.0)
            if frame is not None:
                frame.close()
        msg = "the loss of the connection was not noticed"
        raise RuntimeError(msg)


def _settled() -> Resources:
    """What is open once the same was found five times in a row."""
    counts = [_resources()]
    while len({found[:2] for found in counts[-5:]}) > 1 or len(counts) < 5:
        time.sleep(0.02)
        counts.append(_resources())
    return counts[-1]


def _resources() -> Resources:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return (
        len(list(Path("/proc/self/fd").iterdir())),
        len(list(Path("/proc/self/task").iterdir())),
        pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.reconnects", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--cycles", type=int, default=500, help="reconnects (%(default)s); 0: none")
    parser.add_argument("--cameras", type=int, default=4, help="opened in turn (%(default)s)")
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    return parser


if __name__ == "__main__":
    main()
