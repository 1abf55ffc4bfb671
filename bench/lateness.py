"""How late a program is woken here: `python -m bench.lateness`, until it is ended.

Beside what is measured, it tells what the machine itself adds: a program that sleeps and wants a
core for a moment gets it so much later, whatever the program does. Prints 50 and 99 % in
milliseconds when its input ends.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

_SLEEP_S = 0.005


@contextlib.contextmanager
def lateness() -> Iterator[dict[str, float]]:
    """Measure beside the block; afterwards the result has `p50` and `p99`, milliseconds."""
    told: dict[str, float] = {}
    command = [sys.executable, "-m", "bench.lateness"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield told
        answer, _ = process.communicate()
        told["p50"], told["p99"] = (float(word) for word in answer.split())


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
    late_s.sort()
    median, tail = (late_s[round(share * (len(late_s) - 1))] for share in (0.5, 0.99))
    print(f"{1000 * median:.3f} {1000 * tail:.3f}")


if __name__ == "__main__":
    main()
