"""Memory that stays: seen by counting page faults, in a process of its own."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from train.engine.memory import keep_freed_memory

if sys.argv[1] == "keep":
    print(keep_freed_memory(), end=" ")
else:
    print(False, end=" ")
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = np.ones(16 << 20, dtype=np.float32)
    del block
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(faults[-1])
"""


def faults(mode: str) -> tuple[bool, int]:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, mode], capture_output=True, text=True, check=True
    )
    kept, count = done.stdout.split()
    return kept == "True", int(count)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
def test_a_block_that_was_freed_is_used_again_without_new_pages() -> None:
    kept, with_it = faults("keep")
    if not kept:
        pytest.skip("this C library is not glibc")
    _, without = faults("leave")

    # 64 MiB: 16 384 pages of 4 KiB, or 32 huge ones
    assert without > 16
    assert with_it < without / 4


RELEASE = """
import numpy as np
from pathlib import Path
from train.engine.memory import keep_freed_memory, release_freed_memory

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

keep_freed_memory()
blocks = [np.ones(16 << 20, dtype=np.float32) for _ in range(4)]
del blocks
before = resident_mb()
release_freed_memory()
print(before - resident_mb())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_kept_memory_can_be_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RELEASE], capture_output=True, text=True, check=True
    )

    assert float(done.stdout) > 200  # of 256 MiB
