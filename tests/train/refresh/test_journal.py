"""Stamps: what is done stays done, another request is refused."""

from pathlib import Path

import pytest

from edgedet.errors import DataError, UsageError
from train.refresh.journal import Journal

ASKED = {"--epochs": "", "--model": "models/person"}


def test_a_step_that_is_stamped_is_known_to_the_next_run(tmp_path: Path) -> None:
    first = Journal(tmp_path / "out", ASKED)
    assert not first.is_resumed
    assert first.found("merge") is None
    first.stamp("merge", {"pictures": 3})

    second = Journal(tmp_path / "out", ASKED)

    assert second.is_resumed
    assert second.found("merge") == {"pictures": 3}
    second.forget("merge", "never")
    assert second.found("merge") is None


def test_another_request_is_refused_with_what_differs(tmp_path: Path) -> None:
    Journal(tmp_path / "out", ASKED)

    with pytest.raises(UsageError, match="was begun with --epochs unset, not 5; give the same"):
        Journal(tmp_path / "out", ASKED | {"--epochs": "5"})


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="is not empty, and no refresh was begun there"):
        Journal(tmp_path, ASKED)


def test_a_kill_at_the_very_beginning_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / ".request-half").touch()

    assert not Journal(tmp_path, ASKED).is_resumed


def test_what_an_interrupted_step_left_is_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out", ASKED)
    place = journal.fresh("merged")
    place.mkdir()
    (place / "half").touch()

    assert not journal.fresh("merged").exists()


def test_a_damaged_stamp_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out", ASKED)
    journal.stamp("fit", {})
    (tmp_path / "out" / "steps" / "fit.json").write_text("{", encoding="utf-8")

    with pytest.raises(DataError, match="remove it, and its step is done again"):
        journal.found("fit")
