"""Memory that stays: seen by counting page faults, in a process of its own."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, resource
from pathlib import Path
import numpy as np
from train.engine.memory import keep_freed_memory, release_freed_memory

def faults():
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        block = np.ones(16 << 20, dtype=np.float32)
        del block
        last = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return last

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

without = faults()
kept = keep_freed_memory()
with_it = faults()
blocks = [np.ones(16 << 20, dtype=np.float32) for _ in range(4)]
del blocks
before = resident_mb()
release_freed_memory()
print(json.dumps([kept, without, with_it, before - resident_mb()]))
"""


@pytest.fixture(scope="module")
def measured() -> tuple[int, int, float]:
    """Page faults of a block without and with kept memory; MiB that were given back at the end."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    kept, without, with_it, released_mb = json.loads(done.stdout)
    if not kept:
        pytest.skip("this C library is not glibc")
    return without, with_it, released_mb


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted on Linux")
def test_a_block_that_was_freed_is_used_again_without_new_pages(
    measured: tuple[int, int, float],
) -> None:
    without, with_it, _ = measured

    # 64 MiB: 16 384 pages of 4 KiB, or 32 huge ones
    assert without > 16
    assert with_it < without / 4


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_kept_memory_can_be_given_back(measured: tuple[int, int, float]) -> None:
    assert measured[2] > 200  # of 256 MiB
