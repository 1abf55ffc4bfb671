"""Which files belong to a picture."""

from pathlib import Path

from edgedet.sample.layout import files_of, image_path, label_path


def test_in_the_store_a_picture_has_its_facts() -> None:
    found = files_of(Path("store/frames/gate/a.jpg"))

    assert found == (Path("store/frames/gate/a.jpg"), Path("store/frames/gate/a.json"))


def test_in_yolo_form_it_has_a_label_file_too() -> None:
    image = image_path(Path("out"), "gate", "a")

    assert label_path(image) == Path("out/labels/gate/a.txt")
    assert files_of(image) == (image, Path("out/images/gate/a.json"), Path("out/labels/gate/a.txt"))
