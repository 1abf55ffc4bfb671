"""What a search may vary."""

from pathlib import Path

import optuna
import pytest

from edgedet.errors import ConfigError
from train.config import Recipe, load_recipe
from train.tune.space import DEFAULT, load_space


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_space_fits_the_shipped_recipes() -> None:
    for name in ("finetune", "scratch"):
        space = load_space(DEFAULT, load_recipe(name))
        assert "lr0" in space.ways


def test_values_are_drawn_from_spans_and_lists(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "lr0: {low: 0.001, high: 0.1, log: true}\nnominal_batch: {low: 8, high: 16}\n"
        "optimizer: [sgd, adamw]\nclass_weights: [true, false]\n",
    )
    space = load_space(path, Recipe())
    study = optuna.create_study()
    recipes = [space.draw(study.ask(), Recipe(mosaic=0.25)) for _ in range(20)]

    assert all(0.001 <= r.lr0 <= 0.1 and 8 <= r.nominal_batch <= 16 for r in recipes)
    assert {r.optimizer for r in recipes} == {"sgd", "adamw"}
    assert {r.class_weights for r in recipes} == {True, False}
    assert {r.mosaic for r in recipes} == {0.25}
    assert len({r.lr0 for r in recipes}) == 20


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lr_0: [0.1]", "lr_0: no such key in a recipe"),
        ("lr0: {low: 1, high: 0.5}", "low is 1, high 0.5; expected low below high"),
        ("mosaic: {low: 0, high: 1, log: true}", "with log it must be above 0"),
        ("mosaic: {low: 0, high: 2}", "the recipe cannot have a value .*mosaic: .*less than or"),
        ("optimizer: [adam]", "optimizer: "),
        ("lr0: 3", r"expected for each key of a recipe \{low"),
        ("[", "is not YAML"),
        ("", "expected for each key"),
    ],
)
def test_nonsense_is_told_before_any_trial(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_space(write(tmp_path, text), Recipe())


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read search space"):
        load_space(tmp_path / "none.yaml", Recipe())
