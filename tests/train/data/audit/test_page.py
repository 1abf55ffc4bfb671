"""The page: self-contained, escaped, with pictures."""

import re
from pathlib import Path

import pytest

from edgedet.errors import DataError
from tests.train.data.audit.spoiled import make_set, spoil
from train.data.audit import audit, write_page


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    write_page(audit(spoil(make_set(folder / "set")), 640), folder / "out" / "check.html")
    return (folder / "out" / "check.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    assert re.findall(r"(?:src|href)=\"(?!data:|#)", text) == []
    assert text.count("data:image/jpeg;base64,") > 20


def test_names_of_files_are_no_markup(text: str) -> None:
    assert "cut &lt;b&gt;ü.jpg" in text
    assert "<b>" not in text


def test_every_finding_has_its_section_and_advice(text: str) -> None:
    for kind in ("corrupt-picture", "outside", "same-picture-across-splits", "tiny-box"):
        assert f'id="{kind}"' in text
        assert f'href="#{kind}"' in text
    assert "pixels must be divided by its size" in text


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    report = audit(make_set(tmp_path / "set"), 640)
    with pytest.raises(DataError, match="cannot write report"):
        write_page(report, tmp_path / "file" / "x.html")
