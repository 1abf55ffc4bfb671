"""Label files: what is read, clipped and refused."""

from pathlib import Path

import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.labels import format_labels, parse_labels, read_labels


def read(tmp_path: Path, text: str, class_count: int = 2) -> list[list[float]]:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    rows: list[list[float]] = read_labels(path, class_count).tolist()
    return rows


def test_missing_file_is_a_picture_without_objects(tmp_path: Path) -> None:
    assert read_labels(tmp_path / "none.txt", 1).shape == (0, 5)


def test_reads_boxes_and_drops_exact_duplicates(tmp_path: Path) -> None:
    rows = read(tmp_path, "1 0.5 0.5 0.25 0.25\n\n0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.25 0.25\n")
    assert rows == [[1, 0.5, 0.5, 0.25, 0.25], [0, 0.5, 0.5, 0.5, 0.5]]


def test_reads_a_polygon_as_the_box_around_it(tmp_path: Path) -> None:
    assert read(tmp_path, "0 0.25 0.25 0.75 0.25 0.5 0.75\n") == [[0, 0.5, 0.5, 0.5, 0.5]]


def test_clips_the_rounding_of_exporters(tmp_path: Path) -> None:
    ((_, centre_x, _, width, _),) = read(tmp_path, "0 0.0995 0.5 0.2 0.2\n")
    assert centre_x - width / 2 == pytest.approx(0, abs=1e-7)
    assert centre_x + width / 2 == pytest.approx(0.1995, abs=1e-6)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0 0.5 0.5 0.2", "4 numbers, expected 5"),
        ("0 0.5 0.5 0.2 x", "not a row of numbers"),
        ("2 0.5 0.5 0.2 0.2", "class 2, expected a whole number from 0 to 1"),
        ("0.5 0.5 0.5 0.2 0.2", "class 0.5"),
        ("0 0.05 0.5 0.2 0.2", "leaves the picture"),
        ("0 0.5 0.5 0 0.2", "positive size"),
        ("0 nan 0.5 0.2 0.2", "finite"),
        ("0 230 180 40 90", "normalised"),
    ],
)
def test_refuses_a_wrong_row_with_its_place(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(DataError, match=r"a\.txt:2") as caught:
        read(tmp_path, f"0 0.5 0.5 0.1 0.1\n{row}\n")
    assert told in str(caught.value)


def test_format_labels_is_read_back(tmp_path: Path) -> None:
    labels = np.array([[1, 0.123456, 0.5, 0.2, 0.3]], dtype=np.float32)
    assert np.allclose(read(tmp_path, format_labels(labels)), labels, atol=1e-6)


def test_all_problems_of_a_file_are_found_with_their_lines() -> None:
    rows = [
        "0 .5 .5 .1 .1",
        "x",
        "",
        "7 .5 .5 .1 .1",
        "0 .5 .5 0 .1",
        "0 1 .5 .2 .1",
        "0 nan 1 1 1",
    ]
    parsed = parse_labels("\n".join(rows), 3)
    assert [(p.line, p.fault) for p in parsed.problems] == [
        (2, "not-a-row"),
        (4, "unknown-class"),
        (5, "no-size"),
        (6, "outside"),
        (7, "no-size"),
    ]
    assert parsed.problems[3].excess == pytest.approx(0.1)
    assert parsed.lines == (1,)


@pytest.mark.parametrize("class_id", ["inf", "nan", "1e400", "-1", "0.5"])
def test_a_class_that_is_no_number_of_one_is_told(class_id: str) -> None:
    (problem,) = parse_labels(f"{class_id} 0.5 0.5 0.1 0.1\n", 3).problems
    assert problem.fault == "unknown-class"


def test_repeated_rows_are_told_by_line() -> None:
    parsed = parse_labels("0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.1 0.1\n0 0.50 0.5 0.1 0.1\n", 3)
    assert (len(parsed.rows), parsed.repeated) == (2, (3,))


def test_a_byte_order_mark_and_dos_line_ends_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf0 0.5 0.5 0.1 0.1\r\n0 0.5 0.5 0.2 0.2\r\n")
    assert len(read_labels(path, 1)) == 2
