"""Finding scenarios."""

from pathlib import Path

import pytest

from edgedet.sim.library import find, shipped


def test_names_are_those_that_are_shipped_unless_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = shipped()[0].stem
    assert find(name) == shipped()[0]
    assert find("mine.yaml") == Path("mine.yaml")
    assert find("x" * 5000) == Path("x" * 5000)
    Path(name).write_text("mine")
    assert find(name) == Path(name)
