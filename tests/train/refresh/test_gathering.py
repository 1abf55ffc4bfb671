"""New labels taken, merged in the deployed model's class order, and checked."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from edgedet.errors import DataError
from edgedet.manifest import Bundle
from tests.train.commands.ingest.test_roboflow import ORIGIN, make_export
from tests.train.quantize.settings import NAMES
from tests.train.refresh.camera import squares
from train.data.dataset import read_data_yaml
from train.data.description import load_yaml
from train.refresh.gathering import (
    OWN_TEST,
    audit_facts,
    check_merged,
    merge_sets,
    merged_yaml,
    scored_yaml,
    take_labels,
)
from train.refresh.journal import Journal
from train.refresh.options import NewLabels, RefreshOptions


def options(folder: Path, deployed: Bundle, new: Path, previous: Path | None) -> RefreshOptions:
    frozen = folder / "frozen" / "data.yaml"
    if not frozen.is_file():
        squares(folder / "frozen", "test", 5, seed=1, names=NAMES[:1])
    return RefreshOptions(
        deployed.folder, NewLabels(data=new), frozen, folder / new.parent.name, previous
    )


def gathered(asked: RefreshOptions, deployed: Bundle) -> dict[str, object]:
    journal = Journal(asked.out / "run", asked.request(deployed.digest))
    take_labels(asked, journal, "")
    return merge_sets(asked, journal, deployed)


def counts(data_yaml: Path) -> dict[str, int]:
    return {split: len(paths) for split, paths in read_data_yaml(data_yaml).splits.items()}


def test_one_refresh_is_the_previous_of_the_next(tmp_path: Path, deployed: Bundle) -> None:
    first = squares(tmp_path / "first", "train", 10, seed=3, source_id="gate", names=("class-1",))
    second = squares(tmp_path / "second", "train", 20, seed=4, source_id="yard", names=("dog",))

    one = options(tmp_path, deployed, first, None)
    found = gathered(one, deployed)
    merged = merged_yaml(one.out / "run")
    assert counts(merged) == {"train": 7, "val": 1, "test": 2}
    assert counts(scored_yaml(one.out / "run")) == {"train": 7, "val": 5}
    assert found["classes"] == ["class-0", "class-1"]
    assert found["merged_id"] == read_data_yaml(merged).digest()
    assert read_data_yaml(merged).samples("train")[0].labels[0, 0] == 1

    two = options(tmp_path, deployed, second, merged)
    found = gathered(two, deployed)
    assert counts(merged_yaml(two.out / "run")) == {"train": 7 + 2 + 14, "val": 1 + 2, "test": 4}
    assert found["classes"] == ["class-0", "class-1", "dog"]
    ids = {
        int(s.labels[0, 0]) for s in read_data_yaml(merged_yaml(two.out / "run")).samples("test")
    }
    assert ids == {2}


def test_what_the_frozen_set_has_is_left_out_and_named(tmp_path: Path, deployed: Bundle) -> None:
    new = squares(tmp_path / "new", "train", 10, seed=3, source_id="gate", names=NAMES)
    squares(tmp_path / "frozen", "test", 12, seed=3, names=NAMES)  # the same squares, other names

    asked = options(tmp_path, deployed, new, None)
    with pytest.raises(DataError, match=r"no picture is left to train on .*10 left out"):
        gathered(asked, deployed)


def test_a_test_split_of_somebody_elses_stays_one(tmp_path: Path, deployed: Bundle) -> None:
    previous = squares(tmp_path / "previous", "test", 3, seed=8, names=NAMES)
    new = squares(tmp_path / "new", "train", 10, seed=3, source_id="gate", names=NAMES)

    found = gathered(options(tmp_path, deployed, new, previous), deployed)

    assert found["of_previous"] == {OWN_TEST: 3}
    assert found["pictures"] == {"previous": 0, "train": 7, "val": 1, "test": 2, "frozen": 5}


def test_an_export_is_taken_and_leaves_nothing_unpacked(tmp_path: Path, deployed: Bundle) -> None:
    export = make_export(tmp_path / "export", names=["class-1", "class-0"])
    asked = replace(options(tmp_path, deployed, export, None), new=NewLabels(roboflow=str(export)))

    found = gathered(asked, deployed)

    assert found["classes"] == ["class-0", "class-1"]
    names = {path.name for path in (asked.out / "run").iterdir()}
    assert names >= {"new", "merged", "frozen"}
    assert "incoming" not in names
    assert load_yaml(asked.out / "run" / "new" / "data.yaml")["origin"] == {"roboflow": ORIGIN}


def test_a_class_of_the_frozen_set_that_nobody_learns_is_refused(
    tmp_path: Path, deployed: Bundle
) -> None:
    squares(tmp_path / "frozen", "test", 5, seed=1, names=("cat",))
    new = squares(tmp_path / "new", "train", 10, seed=3, names=NAMES)

    with pytest.raises(DataError, match="its class cat is known neither to the model nor"):
        gathered(options(tmp_path, deployed, new, None), deployed)


def test_the_audit_is_that_of_the_merged_set(tmp_path: Path, deployed: Bundle) -> None:
    new = squares(tmp_path / "new", "train", 10, seed=3, source_id="gate", names=NAMES)
    asked = options(tmp_path, deployed, new, None)
    gathered(asked, deployed)
    journal = Journal(asked.out / "run", asked.request(deployed.digest))

    facts = audit_facts(check_merged(journal, 96))

    assert facts["problems"] is False
    assert {"severity": "warning", "title": "classes without objects in a split", "count": 3} in (
        facts["findings"]
    )  # type: ignore[operator]
    assert load_yaml(merged_yaml(asked.out / "run"))["origin"] == {
        "refresh": {"model": deployed.digest}
    }
    assert yaml.safe_load(scored_yaml(asked.out / "run").read_text("utf-8"))["val"]
