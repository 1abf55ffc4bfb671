"""data.yaml: what it says, and which pictures it leads to."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.description import find_pictures, label_path, load_description, pictures_below


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((8, 8, 3), dtype=np.uint8))
    return path


def described(folder: Path, text: str) -> Path:
    path = folder / "data.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def names(path: Path, split: str = "train") -> list[str]:
    return [found.name for found in find_pictures(load_description(path), split)]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    path = tmp_path / "data.yaml"
    path.write_bytes(b"\xef\xbb\xbftrain: images\r\nnames: [a]\r\n")

    assert names(path) == ["a.png"]


def test_pictures_of_any_name_are_found_and_hidden_ones_not(tmp_path: Path) -> None:
    for name in ("with space.png", "ünï.JPG", "a.b.c.jpeg", "._a.jpg", ".hidden/x.png"):
        picture(tmp_path / "images" / name)
    (tmp_path / "images" / "notes.txt").touch()

    assert names(described(tmp_path, "train: images\nnames: [a]\n")) == [
        "a.b.c.jpeg",
        "with space.png",
        "ünï.JPG",
    ]


def test_labels_of_a_linked_folder_lie_beside_the_link(tmp_path: Path) -> None:
    picture(tmp_path / "pool" / "a.png")
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "images" / "train").symlink_to(tmp_path / "pool")
    path = described(tmp_path / "set", "train: images/train\nnames: [a]\n")
    (found,) = find_pictures(load_description(path), "train")

    assert label_path(found) == tmp_path / "set" / "labels" / "train" / "a.txt"


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "images" / "again").symlink_to(tmp_path / "images")

    assert len(pictures_below(tmp_path / "images")) == 1


def test_a_list_is_relative_to_itself_or_to_the_description(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "lists" / "b.png")
    text = "\ufeffimages/a.png\r\n./b.png\r\n\r\n"
    (tmp_path / "lists" / "train.txt").write_text(text, encoding="utf-8", newline="")

    assert names(described(tmp_path, "train: lists/train.txt\nnames: [a]\n")) == ["a.png", "b.png"]


def test_pictures_that_a_list_misses_are_counted(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("x.png\ny.png\nz.png\n", encoding="utf-8")

    with pytest.raises(DataError, match=r"lists .*x\.png and 2 more, which is not there"):
        names(described(tmp_path, "train: some.txt\nnames: [a]\n"))


def test_tells_where_pictures_of_an_export_seem_to_be(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "images" / "a.png")

    with pytest.raises(DataError, match=r"there is .*train/images, though"):
        names(described(tmp_path, "train: ../train/images\nnames: [a]\n"))


def test_the_path_key_moves_everything(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "images" / "a.png")

    assert names(described(tmp_path, "path: elsewhere\ntrain: images\nnames: [a]\n")) == ["a.png"]


@pytest.mark.parametrize("text", ["names: {a: 0}", "names: {0: a, x: b}", "names: 5"])
def test_names_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="names must be"):
        load_description(described(tmp_path, f"train: images\n{text}\n"))


@pytest.mark.parametrize("name", ["no", "null", "1.10", "[a]"])
def test_a_name_that_yaml_takes_for_something_else_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="no text in YAML; write it in quotes"):
        load_description(described(tmp_path, f"train: images\nnames: [yes it is, {name}]\n"))


def test_a_number_of_classes_that_is_text_is_shown_as_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nc is '1', but names has 1 entries"):
        load_description(described(tmp_path, "train: images\nnc: '1'\nnames: [a]\n"))


def test_a_day_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not YAML: month must be"):
        load_description(described(tmp_path, "made: 2026-13-45\n"))


def test_a_place_with_a_name_that_no_disk_takes_is_not_there(tmp_path: Path) -> None:
    path = described(tmp_path, f"train: {'x' * 400}\nnames: [a]\n")
    with pytest.raises(DataError, match="is neither a folder nor a list file"):
        names(path)
