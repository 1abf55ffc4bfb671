"""Which classes may take the place of which."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.models.classes import check_classes, check_names
from edgedet.models.store import ModelStore
from tests.models.bundles import make_bundle

OLD = ["person", "car"]


@pytest.mark.parametrize("new", [OLD, ["person", "car", "van"]])
def test_the_same_and_more_behind_them_may(tmp_path: Path, new: list[str]) -> None:
    used = make_bundle(tmp_path / "used", class_names=OLD)

    check_classes(make_bundle(tmp_path / "new", class_names=new), used)


@pytest.mark.parametrize("new", [["car", "person"], ["person"], ["van", "person", "car"]])
def test_others_may_not(tmp_path: Path, new: list[str]) -> None:
    used = make_bundle(tmp_path / "used", class_names=OLD)

    with pytest.raises(ModelError, match="in use are person, car; think again"):
        check_classes(make_bundle(tmp_path / "new", class_names=new), used, "; think again")


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["a", "b", "a"], "the class 'a' is named 2 times"),
        (["a", " "], "a class is named ' '"),
        (["a", "b\nc"], r"a class is named 'b\\nc'"),
    ],
)
def test_names_that_tell_nothing_apart_are_refused(
    tmp_path: Path, names: list[str], problem: str
) -> None:
    bundle = make_bundle(tmp_path / "made", class_names=names)
    with pytest.raises(ModelError, match=problem):
        check_names(bundle)
    with pytest.raises(ModelError, match=problem):
        ModelStore(tmp_path / "state").add(bundle.folder)
