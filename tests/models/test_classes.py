"""Which classes may take the place of which."""

from pathlib import Path

import pytest

from edgedet.errors import ModelError
from edgedet.models.classes import check_classes
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
