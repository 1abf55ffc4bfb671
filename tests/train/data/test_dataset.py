"""data.yaml: where the pictures are, and what is refused."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgedet.errors import DataError
from train.data.dataset import label_path, load_picture, read_data_yaml


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
        ("names: [a]\ntrain: a\nvalid: b\n", "key 'valid' is not known; call the split 'val'"),
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


def test_labels_come_from_the_cache_until_a_file_changes(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    labels = sorted((tmp_path / "labels").rglob("*.txt"))
    for label in labels:
        os.utime(label, ns=(0, 1_600_000_000_000_000_000))
    first = read_data_yaml(path).samples("train")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.data.dataset.parse_labels", None)  # would fail if it were called
        second = read_data_yaml(path).samples("train")
    assert [s.labels.tolist() for s in first] == [s.labels.tolist() for s in second]

    labels[0].write_text("0 0.4 0.5 0.5 0.5\n0 0.4 0.5 0.1 0.1\n", encoding="utf-8")
    assert [len(sample.labels) for sample in read_data_yaml(path).samples("train")] == [2, 1]


def test_a_set_with_another_number_of_classes_is_checked_anew(tmp_path: Path) -> None:
    path = make_set(tmp_path, names="[person, car]")
    for label in (tmp_path / "labels").rglob("*.txt"):
        label.write_text("1 0.5 0.5 0.5 0.5\n", encoding="utf-8")
        os.utime(label, ns=(0, 1_600_000_000_000_000_000))
    assert len(read_data_yaml(path).samples("train")) == 2
    path.write_text("train: images/train\nnames: [person]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"class 1.*and 1 more rows like this in 2 files"):
        read_data_yaml(path).samples("train")


def test_a_set_without_any_label_says_where_it_looked(tmp_path: Path) -> None:
    path = make_set(tmp_path)
    (tmp_path / "labels").rename(tmp_path / "annotations")
    with pytest.raises(DataError, match=r"no label at all; .*labels/train/0\.txt, which is not th"):
        read_data_yaml(path).samples("train")
    assert len(read_data_yaml(path).samples("val")) == 2  # background to score by


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("grey.png", np.full((8, 12), 70, np.uint8)),
        ("deep.png", np.full((8, 12), 70 * 257, np.uint16)),
        ("deep.tif", np.full((8, 12, 3), 70 * 257, np.uint16)),
        ("alpha.png", np.full((8, 12, 4), 70, np.uint8)),
        ("a b ü.bmp", np.full((8, 12, 3), 70, np.uint8)),
    ],
)
def test_pictures_of_every_kind_become_rgb_of_eight_bits(
    tmp_path: Path, name: str, image: np.ndarray
) -> None:
    path = tmp_path / name
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    loaded = load_picture(path)
    assert loaded.shape == (8, 12, 3)
    assert loaded.dtype == np.uint8
    assert set(np.unique(loaded)) == {70}


def test_a_name_that_is_no_text_can_be_read(tmp_path: Path) -> None:
    image = cv2.imencode(".png", np.zeros((8, 12, 3), np.uint8))[1].tobytes()
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png"))
    path.write_bytes(image)
    assert load_picture(path).shape == (8, 12, 3)


def test_an_empty_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match="cannot decode picture"):
        load_picture(tmp_path / "a.png")
