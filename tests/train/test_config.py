"""Recipes: those that are shipped load, and what is none is told by its name."""

from pathlib import Path

import pytest
import yaml

from edgedet.errors import ConfigError
from train.config import RECIPE_FOLDER, Recipe, load_recipe
from train.loss.settings import TINY_HYP

SHIPPED = sorted(path.stem for path in RECIPE_FOLDER.glob("*.yaml"))


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_some_recipes_are_shipped() -> None:
    assert {"finetune", "original", "scratch"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_load_with_every_value_they_state(name: str) -> None:
    stated = yaml.safe_load((RECIPE_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    recipe = load_recipe(name).model_dump()

    assert {key: recipe[key] for key in stated} == stated


def test_the_original_has_the_published_values() -> None:
    recipe = load_recipe("original").model_dump()
    shared = recipe.keys() & TINY_HYP.keys()
    other = {"copy_paste", "warmup_epochs"}  # not published for tiny; capped here

    assert len(shared) > 20
    assert {key: recipe[key] for key in shared - other} == {
        key: TINY_HYP[key] for key in shared - other
    }


def test_a_file_may_state_little_or_nothing(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, "# nothing yet\n")) == Recipe()
    assert load_recipe(write(tmp_path, "lr0: 0.5\n")) == Recipe(lr0=0.5)


def test_unknown_keys_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: lr_0: Extra inputs are not permitted"):
        load_recipe(write(tmp_path, "lr_0: 0.01\n"))


def test_all_bad_values_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(write(tmp_path, "lr0: -1\nmosaic: 2\noptimizer: magic\nepochs: 3\n"))

    keys = sorted(problem.split(": ")[1] for problem in caught.value.problems)
    assert keys == ["epochs", "lr0", "mosaic", "optimizer"]


@pytest.mark.parametrize("value", [".nan", ".inf", "yes please", "[1]"])
def test_what_is_no_finite_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="lr0"):
        load_recipe(write(tmp_path, f"lr0: {value}\n"))


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: \(whole file\)"):
        load_recipe(write(tmp_path, text))


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not YAML"):
        load_recipe(write(tmp_path, "lr0: [1\n"))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")

    with pytest.raises(ConfigError, match=r"mine\.yaml is not YAML"):
        load_recipe(str(path))


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=f"no recipe 'magic'.*known names: {', '.join(SHIPPED)}"):
        load_recipe("magic")
