"""Keeps and sends samples, and is killed at its n-th step, for every n: run as a process.

    python -m tests.sample.kill_driver FOLDER URL KEY_FILE SINK SEED KILLS LIMIT

Each life is a fork that dies by SIGKILL before some change: of a file, of the ledger, or of what
was sent. Prints how many lives there were, and at what they died.
"""

import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from edgedet.clock import SystemClock
from edgedet.config.sampling import LimitSettings, RoboflowSettings
from edgedet.sample.audit import Audit
from edgedet.sample.base import SampleSink
from edgedet.sample.budget import Budget
from edgedet.sample.picture import jpeg
from edgedet.sample.sinks.folder import FolderSink
from edgedet.sample.sinks.roboflow_http import RoboflowHttpSink
from edgedet.sample.store import SampleFiles
from edgedet.sample.uploader import Uploader
from tests.sample.fakes import CLASSES, sample, store_in

CHANGES = (
    *("os.rename", "os.remove", "os.link", "os.mkdir", "open", "socket.connect"),
    *("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT"),
)


class Reaper:
    """Kills this process before the n-th change."""

    def __init__(self, at: int, report: int) -> None:
        self._left, self._report = at, report

    def __call__(self, event: str, arguments: tuple[object, ...] = ()) -> None:
        if not event.startswith(CHANGES) or (event == "open" and not _writes(arguments)):
            return
        self._left -= 1
        if self._left == 0:
            os.write(self._report, event.split(maxsplit=1)[0].encode())
            os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def sink_of(kind: str, folder: Path, url: str, key: Path) -> SampleSink:
    if kind == "folder":
        return FolderSink(folder / "out")
    settings = RoboflowSettings(project="frames", api_key_file=key, url=url, timeout_s=5)
    return RoboflowHttpSink(settings, SystemClock())


def live(folder: Path, sink: SampleSink, number: int, limit: int, reaper: Reaper | None) -> None:
    """Start, keep up to two frames as far as the budget goes, send what can be sent."""
    clock = SystemClock()
    if reaper is not None:
        sys.addaudithook(reaper)
    store = store_in(folder / "store")
    if reaper is not None:
        store.ledger._connection.set_trace_callback(reaper)
    store.reconcile()
    limits = [LimitSettings(type="daily", value=limit)]
    budget = Budget(store.ledger, (), clock)
    uploader = Uploader(
        store,
        Audit(store.ledger, clock),
        sink,
        class_names=CLASSES,
        device="bench",
        sends_prelabels=True,
        clock=clock,
    )
    for each in range(2 * number, 2 * number + 2):
        rng = np.random.default_rng(each)
        picture = jpeg(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8), 90)
        made = sample(each, sha256=f"{each:064x}", size_bytes=len(picture))
        if budget.payer("s", limits, "gate", ()) is not None:
            store.keep(made, SampleFiles(picture, "{}"), lambda: budget.spend("s", "gate", ""))
        for _ in range(4):
            uploader.step()
    uploader.finish(lambda: False)
    store.ledger.close()
    uploader.close()


def main(folder: Path, url: str, key: Path, kind: str, numbers: list[int]) -> None:
    seed, kills, limit = numbers
    chance, died = random.Random(seed), Counter[str]()  # noqa: S311 - a test
    for number in range(kills):
        at = chance.randint(1, 120)
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            live(folder, sink_of(kind, folder, url, key), number, limit, Reaper(at, writing))
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        died[os.read(reading, 100).decode().strip() or "alive"] += 1
        os.close(reading)
        assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, status
    live(folder, sink_of(kind, folder, url, key), kills, limit, None)
    print(json.dumps(died))  # noqa: T201 - its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4], [*map(int, sys.argv[5:])])
