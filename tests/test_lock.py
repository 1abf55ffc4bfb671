"""Tests for edgedet.lock."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgedet.lock import FileLock
from tests.odd_files import put_odd

_HOLD = """
import sys, time
from pathlib import Path
from edgedet.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_one_at_a_time_and_again_after_release(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        FileLock(tmp_path / "lock")
    lock.release()
    lock.release()
    FileLock(tmp_path / "lock").release()


def test_it_ends_with_the_process_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError):
            FileLock(path)
        process.kill()
    FileLock(path).release()


def test_nobody_holds_it_who_was_forgotten(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    del lock
    FileLock(tmp_path / "lock").release()


def test_what_is_in_the_file_is_of_no_interest(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(os.urandom(5000))
    FileLock(path).release()


def test_a_place_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        FileLock(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "endless", "always full", "folder", "socket", "loop"])
def test_what_is_no_file_is_no_lock(tmp_path: Path, kind: str) -> None:
    path = put_odd(tmp_path / "lock", kind)
    handles = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(OSError, match=r"plain file|Is a|No such|symbolic") as caught:
        FileLock(path)

    assert not isinstance(caught.value, BlockingIOError)
    assert len(list(Path("/proc/self/fd").iterdir())) == handles
