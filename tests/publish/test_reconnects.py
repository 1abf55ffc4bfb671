"""What hundreds of lost connections leave behind: nothing."""

import gc
import os
import threading
import time
from pathlib import Path

import pytest

from edgedet.publish import link
from edgedet.publish.backoff import Backoff
from edgedet.publish.link import LinkState
from tests.brokers import wait_until
from tests.conftest import StartMosquitto
from tests.gate import Gate
from tests.publish.conftest import MakeSink, make_event, make_result

RECONNECTS = 500


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _resident_kb() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_reconnects_leave_no_file_thread_or_memory_behind(
    mosquitto: StartMosquitto, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "Backoff", lambda: Backoff(first_s=0.01, longest_s=0.01))
    gate = Gate(mosquitto().port)
    gate.open()
    try:
        sink = make_sink(gate.url, queue_size=100)
        figures: list[tuple[int, int, int]] = []
        for number in range(RECONNECTS):
            assert wait_until(lambda: sink.stats.state is LinkState.CONNECTED)
            sink.publish(make_result(number))
            sink.publish_event(make_event())
            before = sink.stats.reconnects
            gate.slam()
            assert wait_until(lambda before=before: sink.stats.reconnects > before)  # type: ignore[misc]
            if number % 50 == 49:
                time.sleep(0.05)
                figures.append((_open_files(), threading.active_count(), _resident_kb()))
    finally:
        gate.close()

    files, threads, resident_kb = (list(column) for column in zip(*figures, strict=True))
    assert max(files) - min(files) <= 4  # a connection more or less at the moment of counting
    assert len(set(threads)) == 1
    assert resident_kb[-1] - resident_kb[1] < 4000, resident_kb  # over 400 reconnects
