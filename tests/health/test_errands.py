"""Work beside the event loop: one after the other, bounded, and nothing for those who went away."""

import asyncio
import threading

import pytest

from edgedet.health.errands import MAX_WAITING, BusyError, Errands
from edgedet.stream.worker import Worker
from tests.stream.fakes import wait_until


def fail() -> None:
    msg = "no"
    raise ValueError(msg)


def assert_true(value: object) -> None:
    assert value


def test_what_work_gives_back_or_raises_reaches_who_asked() -> None:
    errands = Errands()

    async def ask() -> tuple[str, int]:
        name = await errands.run(lambda: threading.current_thread().name)
        with pytest.raises(ValueError, match="no"):
            await errands.run(fail)
        return name, await errands.run(lambda: 7)

    assert asyncio.run(ask()) == ("errands", 7)
    assert errands.stop(20)
    assert errands.stop(20)


def test_there_is_no_thread_before_the_first_errand() -> None:
    errands = Errands()
    assert not [each for each in threading.enumerate() if each.name == "errands"]
    assert errands.stop(0)


def test_too_many_are_refused_and_nothing_is_done_for_nobody() -> None:
    errands, gate, begun = Errands(), threading.Event(), threading.Event()
    done: list[int] = []

    def hold() -> None:
        begun.set()
        gate.wait(20)

    async def ask() -> None:
        first = asyncio.ensure_future(errands.run(hold))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(begun.wait, 20)
        waiting = [
            asyncio.ensure_future(errands.run(lambda n=n: done.append(n)))  # type: ignore[misc]
            for n in range(MAX_WAITING)
        ]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await errands.run(lambda: None)
        waiting[0].cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *waiting[1:])

    asyncio.run(ask())
    assert done == list(range(1, MAX_WAITING))
    assert errands.stop(20)


def test_a_stop_does_not_wait_for_what_nobody_began() -> None:
    errands, begun, gate = Errands(), threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return gate.wait(20)

    async def ask() -> None:
        first = asyncio.ensure_future(errands.run(wait))
        second = asyncio.ensure_future(errands.run(lambda: True))
        assert await asyncio.to_thread(begun.wait, 20)
        stopping = Worker("stopping", lambda _stop: assert_true(errands.stop(20)))
        stopping.start()
        wait_until(lambda: errands._worker is not None and errands._worker.stop_requested)
        gate.set()
        assert await first
        assert await asyncio.to_thread(stopping.join, 20)
        assert not second.done()
        second.cancel()

    asyncio.run(ask())
