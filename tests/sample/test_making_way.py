"""The oldest makes way, but never what a person has worked on."""

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edgedet.sample.base import Sample, State
from edgedet.sample.layout import image_path, label_path
from edgedet.sample.making_way import making_way
from edgedet.sample.picture import label_text
from tests.odd_files import put_odd
from tests.sample.fakes import sample


def stored(number: int, size: int = 10) -> Sample:
    return sample(number, place=f"frames/gate/{number}.jpg", disk_bytes=size)


@given(st.lists(st.integers(1, 50), max_size=12), st.integers(1, 300))
def test_as_few_as_are_needed_oldest_first_or_none(sizes: list[int], missing: int) -> None:
    samples = [stored(number, size) for number, size in enumerate(sizes)]

    doomed = making_way(samples, Path("nowhere"), missing)

    assert doomed == samples[: len(doomed)]
    freed = sum(each.disk_bytes for each in doomed)
    if sum(sizes) < missing:
        assert doomed == []
    else:
        assert freed >= missing > freed - doomed[-1].disk_bytes


def test_what_a_person_labelled_stays(tmp_path: Path) -> None:
    samples = []
    for number in range(3):
        image = image_path(tmp_path, "gate", f"gate-{number}")
        labels = label_path(image)
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text(label_text(sample().objects), encoding="utf-8")
        samples.append(replace(stored(number), place=str(image), state=State.DONE))
    label_path(Path(str(samples[0].place))).write_text("", encoding="utf-8")  # nobody is there
    label_path(Path(str(samples[1].place))).unlink()

    assert making_way(samples, tmp_path, 10) == [samples[1]]
    assert making_way(samples, tmp_path, 20) == samples[1:]
    assert making_way(samples, tmp_path, 30) == []


def test_the_numbers_of_the_folder_are_no_work_of_a_person(tmp_path: Path) -> None:
    image = image_path(tmp_path, "gate", "gate-0")
    labels = label_path(image)
    for folder in (labels.parent, image.parent):
        folder.mkdir(parents=True)
    written = "7 0.375000 0.500000 0.250000 0.500000\n"
    labels.write_text(written, encoding="utf-8")
    image.with_suffix(".json").write_text(json.dumps({"prediction": written}), encoding="utf-8")
    one = replace(stored(0), place=str(image), state=State.DONE)

    assert making_way([one], tmp_path, 10) == [one]
    labels.write_text(written.replace("7 ", "6 "), encoding="utf-8")
    assert making_way([one], tmp_path, 10) == []


def test_what_a_person_rejected_goes_first() -> None:
    samples = [stored(0), replace(stored(1), state=State.REFUSED), stored(2)]

    assert making_way(samples, Path("nowhere"), 10) == [samples[1]]
    assert making_way(samples, Path("nowhere"), 20) == [samples[1], samples[0]]


def test_a_label_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    image = image_path(tmp_path, "gate", "gate-0")
    put_odd(label_path(image), "pipe")
    one = replace(stored(0), place=str(image), state=State.DONE)

    assert making_way([one], tmp_path, 10) == []
