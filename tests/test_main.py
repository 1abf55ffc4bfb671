"""Ctrl-C ends the command with its exit code, whenever it comes."""

import subprocess
import sys

import pytest

_WHEN = {
    "loading": "sys.modules['typer'] = type('Interrupting', (), {'__getattr__': interrupt})()",
    "running": "import edgedet.cli; edgedet.cli.main = interrupt",
}
_SCRIPT = """
import os, signal, sys, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs us may ignore it

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)

{when}
from edgedet.__main__ import main

main()
"""


@pytest.mark.parametrize("when", _WHEN)
def test_an_early_interrupt_is_no_traceback(when: str) -> None:
    script = _SCRIPT.format(when=_WHEN[when])
    command = [sys.executable, "-c", script, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, "")
