"""Closes every ledger that a test opened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgedet.sample.ledger import Ledger


@pytest.fixture(autouse=True)
def ledgers_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[Ledger] = []
    original = Ledger.__init__

    def remember(self: Ledger, folder: Path, *, may_create: bool = True) -> None:
        original(self, folder, may_create=may_create)
        opened.append(self)

    monkeypatch.setattr(Ledger, "__init__", remember)
    yield
    for ledger in opened:
        ledger.close()
