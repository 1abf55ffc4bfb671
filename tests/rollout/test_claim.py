"""Who may change the models, across processes."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.rollout.claim import drop_wish, find_wish, is_claimed, leave_wish, take_claim
from edgedet.rollout.wish import Asker, Wish
from tests.odd_files import ODD, put_odd

TRIES = "import sys; from pathlib import Path; from edgedet.rollout.claim import is_claimed; "
ASK = f"{TRIES}sys.exit(int(is_claimed(Path(sys.argv[1]))))"


def _other_process_finds_it_claimed(folder: Path) -> bool:
    return subprocess.run([sys.executable, "-c", ASK, str(folder)], check=False).returncode == 1


def test_a_claim_is_seen_by_other_processes_until_it_is_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    assert not is_claimed(folder)
    assert not folder.exists()
    claim = take_claim(folder)
    assert _other_process_finds_it_claimed(folder)
    with pytest.raises(ModelError, match="another edgedet uses the models"):
        take_claim(folder)

    claim.release()
    claim.release()

    assert not is_claimed(folder)


def test_a_claim_that_is_forgotten_is_given_back(tmp_path: Path) -> None:
    claim = take_claim(tmp_path)
    del claim
    gc.collect()

    assert not is_claimed(tmp_path)


def test_where_nothing_can_be_written_there_is_no_claim(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")

    with pytest.raises(ModelError, match="make it writable"):
        take_claim(tmp_path / "models")


def test_a_wish_stays_until_it_is_dropped(tmp_path: Path) -> None:
    wish = Wish(asker=Asker.OPERATOR, model="person-8")
    assert find_wish(tmp_path) is None
    leave_wish(tmp_path, wish)

    assert find_wish(tmp_path) == find_wish(tmp_path) == wish

    drop_wish(tmp_path)
    drop_wish(tmp_path)
    assert find_wish(tmp_path) is None


def test_a_wish_that_cannot_be_read_is_told_and_put_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "wish.json").write_text("{")

    assert find_wish(tmp_path) is None
    assert "wish.json' cannot be used (it is no JSON): moved to" in caplog.text
    assert "give the command again" in caplog.text
    assert [each.name for each in tmp_path.iterdir()] == ["wish.json.damaged"]


def test_a_wish_that_cannot_be_left_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot write into"):
        leave_wish(tmp_path / "nowhere", Wish(asker=Asker.OPERATOR, model="person-8"))


@pytest.mark.parametrize("kind", ODD)
def test_a_wish_that_is_no_file_holds_nobody_up(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    put_odd(tmp_path / "wish.json", kind)

    assert find_wish(tmp_path) is None
    assert "wish.json' cannot be used" in caplog.text


@pytest.mark.parametrize("kind", ["folder", "pipe", "endless", "loop"])
def test_a_lock_that_is_no_file_is_named(tmp_path: Path, kind: str) -> None:
    put_odd(tmp_path / "service.lock", kind)

    with pytest.raises(ModelError, match=r"cannot open the lock .*service\.lock .*remove it"):
        take_claim(tmp_path)
