"""The analysis of a configuration, against the classes of a bundle."""

from pathlib import Path

import pytest

from edgedet.analysis import make_analysts
from edgedet.errors import ConfigError
from edgedet.manifest import read_bundle
from tests.runs import PATTERN, tiny_settings


def test_the_classes_of_the_settings_must_be_the_models(tmp_path: Path) -> None:
    wrong: dict[str, object] = {"id": "a", "uri": PATTERN, "objects": {"classes": ["unicorn"]}}
    settings = tiny_settings(tmp_path, wrong, {"id": "b", "uri": PATTERN})
    bundle = read_bundle(settings.model.bundle)

    with pytest.raises(ConfigError) as caught:
        make_analysts(settings.sources, bundle, "6f1c2a90")

    assert "1 of the classes" in str(caught.value)
    assert "source 'a': objects.classes: the model knows no class 'unicorn'" in str(
        caught.value.problems
    )
    known = make_analysts(settings.sources[1:], bundle, "6f1c2a90")
    assert known.needs("b", 0.25).score_threshold == 0.1
