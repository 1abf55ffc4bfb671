"""How late a program is woken here: `python -m bench.lateness`, until it is ended.

Beside what is measured, it tells what the machine itself adds: a program that sleeps and wants a
core for a moment gets it so much later, whatever the program does. Prints the seconds of each time
when its input ends.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

_SLEEP_S = 0.005


@contextlib.contextmanager
def lateness() -> Iterator[list[float]]:
    """Measure beside the block; afterwards the result has the seconds of each time."""
    late_s: list[float] = []
    command = [sys.executable, "-m", "bench.lateness"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield late_s
        answer, _ = process.communicate()
        late_s += json.loads(answer)


def main() -> None:
    """Sleep and look at the clock, again and again."""
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    late_s = []
    while not ended.is_set():
        before_s = time.monotonic()
        time.sleep(_SLEEP_S)
        late_s.append(time.monotonic() - before_s - _SLEEP_S)
    print(json.dumps(late_s))


if __name__ == "__main__":
    main()
