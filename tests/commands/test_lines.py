"""How the commands are called: each has help with an example, and starts without loading much."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from edgedet.cli import app


@pytest.mark.parametrize("command", ["bench", "build-engine", "doctor"])
def test_help_has_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: edgedet {command}" in result.output


def test_help_loads_nothing_that_takes_time() -> None:
    code = "import sys, edgedet.cli; print([m for m in ('cv2', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
