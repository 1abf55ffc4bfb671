"""A stuck thread is named with the call it hangs in, and nothing of what it holds."""

import threading

from edgedet.health.stacks import all_stacks
from edgedet.stream.worker import Worker
from tests.stream.fakes import WAIT_S


def test_a_stuck_thread_shows_where_it_is() -> None:
    release, entered = threading.Event(), threading.Event()

    def hang_in_here(secret: str) -> None:
        entered.set()
        release.wait(WAIT_S)
        assert secret

    worker = Worker("infer-like", lambda _stop: hang_in_here("hunter2"))
    worker.start()
    assert entered.wait(WAIT_S)
    text = all_stacks()
    release.set()
    assert worker.stop(WAIT_S)

    assert "thread 'infer-like':" in text
    assert "hang_in_here" in text
    assert "hunter2" not in text
