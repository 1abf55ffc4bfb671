"""`make audit` where no advisory service can be reached."""

import os
import subprocess
from pathlib import Path

from tests.brokers import free_port

SCRIPT = Path(__file__).parents[2] / "deploy" / "audit.sh"


def test_not_run_is_not_nothing_found() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = subprocess.run(
        [SCRIPT],
        env=os.environ | {"EDGEDET_AUDIT_SERVICE": nowhere},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "DID NOT RUN" in done.stderr
    assert nowhere in done.stderr
