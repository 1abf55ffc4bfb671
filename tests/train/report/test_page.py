from pathlib import Path

import pytest
from jinja2 import UndefinedError

from edgedet.errors import DataError
from train.report.page import render_page, share_text, write_page


def test_what_comes_from_outside_is_text() -> None:
    assert "&lt;b&gt;" in render_page("page.html.j2", {"title": "<b>"})


def test_a_value_that_was_forgotten_is_no_blank() -> None:
    with pytest.raises(UndefinedError):
        render_page("page.html.j2", {})


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    write_page(tmp_path / "a.html", "text")

    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot write report"):
        write_page(tmp_path / "no" / "a.html", "text")


def test_shares_have_three_digits_and_nothing_is_a_dash() -> None:
    assert (share_text(0.12345), share_text(2, 1), share_text(None)) == ("0.123", "2.0", "-")
