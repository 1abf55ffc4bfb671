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
    assert {"finetune-small", "finetune", "scratch", "original"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_load_with_every_value_they_state(name: str) -> None:
    stated = yaml.safe_load((RECIPE_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    recipe = load_recipe(name).model_dump(mode="json")

    assert {key: recipe[key] for key in stated} == stated


def test_the_default_recipe_states_every_key() -> None:
    stated = yaml.safe_load((RECIPE_FOLDER / "finetune.yaml").read_text(encoding="utf-8"))

    assert stated.keys() == Recipe.model_fields.keys()


def test_the_original_has_the_published_values() -> None:
    recipe = load_recipe("original").model_dump()
    shared = recipe.keys() & TINY_HYP.keys()

    assert len(shared) > 20
    assert {key: recipe[key] for key in shared} == {key: TINY_HYP[key] for key in shared}
    assert recipe["mosaic9"] == 0.2
    assert recipe["nominal_batch"] == 64


# what the files for the larger networks say otherwise; everything else is as for tiny
LARGER = {"cls": 0.3, "obj": 0.7, "translate": 0.2, "scale": 0.9, "mixup": 0.15}


@pytest.mark.parametrize(("name", "lrf"), [("original-p5", 0.1), ("original-p6", 0.2)])
def test_the_larger_originals_have_the_published_values(name: str, lrf: float) -> None:
    expected = load_recipe("original").model_dump() | LARGER | {"lrf": lrf}

    assert load_recipe(name).model_dump() == expected


def test_every_key_says_what_it_does() -> None:
    silent = [name for name, field in Recipe.model_fields.items() if not field.description]

    assert silent == []


def test_a_file_may_state_little_or_nothing(tmp_path: Path) -> None:
    assert load_recipe(write(tmp_path, "# nothing yet\n")) == Recipe()
    assert load_recipe(write(tmp_path, "lr0: 0.5\n")) == Recipe(lr0=0.5)


def test_unknown_keys_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: lr_0: no such key; did you mean lr0\?"):
        load_recipe(write(tmp_path, "lr_0: 0.01\n"))


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("mosiac: 1", "no such key; did you mean mosaic?"),
        ("copypaste: 1", "no such key; did you mean copy_paste?"),
        ("qqq: 1", "no such key; docs/recipes.md has all there are"),
        ("paste_in: 0.05", "needs polygons; copy_paste does it with boxes"),
        ("batch_size: 8", "an option of `train fit`: --batch-size"),
    ],
)
def test_a_wrong_key_is_told_with_what_to_write(tmp_path: Path, line: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(write(tmp_path, f"{line}\n"))

    assert hint in str(caught.value)


def test_all_bad_values_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(write(tmp_path, "lr0: -1\nmosaic: 2\noptimizer: magic\nepochs: 3\n"))

    keys = sorted(problem.split(": ")[1] for problem in caught.value.problems)
    assert keys == ["epochs", "lr0", "mosaic", "optimizer"]


@pytest.mark.parametrize("value", [".nan", ".inf", "yes please", "[1]"])
def test_what_is_no_finite_number_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="lr0"):
        load_recipe(write(tmp_path, f"lr0: {value}\n"))


@pytest.mark.parametrize("share", ["0", "1.5"])
def test_a_drop_of_the_rate_outside_the_run_is_refused(tmp_path: Path, share: str) -> None:
    with pytest.raises(ConfigError, match=r"step_at\.1"):
        load_recipe(write(tmp_path, f"step_at: [0.5, {share}]\n"))


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
    with pytest.raises(ConfigError, match="did you mean 'scratch'"):
        load_recipe("scrach")


def page(name: str) -> str:
    return (RECIPE_FOLDER.parent.parent / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("key", Recipe.model_fields)
def test_the_docs_say_of_every_key_what_the_code_says(key: str) -> None:
    field = Recipe.model_fields[key]
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    default = yaml.safe_dump(value, default_flow_style=True).splitlines()[0]

    assert f"| `{key}` | {default} | {field.description} |" in page("recipes.md")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_docs_name_every_recipe(name: str) -> None:
    assert f"`{name}`" in page("recipes.md")
