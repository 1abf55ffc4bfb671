"""data.yaml: where the pictures are, and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.dataset import label_path, read_data_yaml


def make_set(folder: Path, names: str = "[person]", pictures: int = 2) -> Path:
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True)
        (folder / "labels" / split).mkdir(parents=True)
        for number in range(pictures):
            image = np.full((8, 12, 3), 40 * number, dtype=np.uint8)
            cv2.imwrite(str(folder / "images" / split / f"{number}.png"), image)
            label = folder / "labels" / split / f"{number}.txt"
            label.write_text("0 0.5 0.5 0.5 0.5\n", encoding="utf-8")
    path = folder / "data.yaml"
    path.write_text(f"train: images/train\nval: images/val\nnames: {names}\n", encoding="utf-8")
    return path


def test_reads_folders_in_order_with_labels(tmp_path: Path) -> None:
    spec = read_data_yaml(make_set(tmp_path))
    samples = spec.samples("train")
    assert [sample.path.name for sample in samples] == ["0.png", "1.png"]
    assert samples[1].labels.tolist() == [[0, 0.5, 0.5, 0.5, 0.5]]
    assert samples[1].load().shape == (8, 12, 3)


def test_reads_list_files_and_several_places(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "some.txt").write_text("images/train/1.png\n", encoding="utf-8")
    text = "train: [some.txt, images/val]\nnames: {0: person}\n"
    path.write_text(text, encoding="utf-8")
    assert len(read_data_yaml(path).splits["train"]) == 3


def test_labels_lie_beside_the_last_images_folder() -> None:
    assert label_path(Path("/images/x/images/a/7.jpg")) == Path("/images/x/labels/a/7.txt")


def test_digest_changes_with_a_label_and_not_with_the_place(tmp_path: Path) -> None:
    first, second = make_set(tmp_path / "a"), make_set(tmp_path / "b")
    assert read_data_yaml(first).digest() == read_data_yaml(second).digest()
    label = tmp_path / "b" / "labels" / "val" / "0.txt"
    label.write_text("0 0.5 0.5 0.4 0.5\n", encoding="utf-8")
    assert read_data_yaml(first).digest() != read_data_yaml(second).digest()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "must be a mapping"),
        ("train: images/train\nnames: [a, a]\n", "different class names"),
        ("train: images/train\nnames: {1: a}\n", "numbered from 0"),
        ("train: images/train\nnc: 3\nnames: [a]\n", "nc is 3"),
        ("names: [a]\n", "none of train, val, test"),
        ("train: nowhere\nnames: [a]\n", "neither a folder nor a list file"),
        ("train: {a: b}\nnames: [a]\n", "must be a folder"),
        ("train: [\n", "is not YAML"),
    ],
)
def test_refuses_a_wrong_description(tmp_path: Path, text: str, told: str) -> None:
    path = make_set(tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_data_yaml(path)


def test_names_the_splits_that_are_there(tmp_path: Path) -> None:
    spec = read_data_yaml(make_set(tmp_path))
    with pytest.raises(DataError, match=r"split 'test' is not there; found \['train', 'val'\]"):
        spec.samples("test")


def test_refuses_a_label_of_an_unknown_class(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "labels" / "train" / "1.txt").write_text("1 0.5 0.5 0.5 0.5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"1\.txt:1: class 1"):
        read_data_yaml(path).samples("train")


def test_refuses_a_picture_that_is_none(tmp_path: Path) -> None:
    spec = read_data_yaml(make_set(tmp_path))
    (tmp_path / "images" / "train" / "0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"cannot decode picture .*0\.png"):
        spec.samples("train")[0].load()
