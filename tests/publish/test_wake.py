"""The bell."""

import select

from edgedet.publish.wake import Wake


def _is_readable(wake: Wake) -> bool:
    poller = select.poll()
    poller.register(wake.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def test_rings_until_cleared_however_often_it_was_set() -> None:
    wake = Wake()
    assert not _is_readable(wake)
    for _ in range(100_000):  # more than a socket's buffer would hold
        wake.set()
    wake.wait(10.0)
    assert _is_readable(wake)

    wake.clear()

    assert not _is_readable(wake)
    wake.close()


def test_does_nothing_once_closed() -> None:
    wake = Wake()
    wake.close()
    wake.close()

    wake.set()
    wake.clear()
