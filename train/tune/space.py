"""What a search may vary: keys of the recipe, and from where to where."""

from pathlib import Path
from typing import cast

import optuna
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from edgedet.errors import ConfigError
from train.config import RECIPE_FOLDER, Recipe

DEFAULT = RECIPE_FOLDER.parent / "tune.yaml"

Choice = bool | int | float | str


class Span(BaseModel):
    """Numbers from `low` to `high`, both possible; whole ones if both are written as such."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: int | float
    high: int | float
    log: bool = False
    """Drawn evenly over magnitudes."""

    @model_validator(mode="after")
    def _in_order(self) -> "Span":
        if self.low >= self.high:
            msg = f"low is {self.low}, high {self.high}; expected low below high"
            raise ValueError(msg)
        if self.log and self.low <= 0:
            msg = f"low is {self.low}; with log it must be above 0"
            raise ValueError(msg)
        return self


Choices = list[Choice]
Ways = TypeAdapter(dict[str, Span | Choices], config=ConfigDict(allow_inf_nan=False))


class SearchSpace(BaseModel):
    """For each key that varies a span, or a list to choose from."""

    model_config = ConfigDict(frozen=True)

    ways: dict[str, Span | Choices] = Field(min_length=1)

    def draw(self, trial: optuna.Trial, base: Recipe) -> Recipe:
        """`base` with values that a study proposes.

        Raises:
            ConfigError: if the recipe cannot have one of them.
        """
        values = {key: _draw(trial, key, way) for key, way in self.ways.items()}
        return with_values(base, values)


def with_values(base: Recipe, values: dict[str, Choice]) -> Recipe:
    """`base` with other values.

    Raises:
        ConfigError: if it cannot have one of them.
    """
    try:
        return Recipe.model_validate(base.model_dump() | values)
    except ValidationError as exc:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        msg = f"the recipe cannot have a value that the search proposed: {told}"
        raise ConfigError(msg) from exc


def load_space(path: Path, base: Recipe) -> SearchSpace:
    """The space in a YAML file; its ends are tried on `base`.

    Raises:
        ConfigError: if the file cannot be read, names a key that is none, or leads to values that
            a recipe cannot have.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        space = SearchSpace(ways=Ways.validate_python(content))
    except OSError as exc:
        msg = f"cannot read search space {path}: {exc.strerror}"
        raise ConfigError(msg) from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        msg = f"search space {path} is not YAML: {' '.join(str(exc).split())}"
        raise ConfigError(msg) from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "(whole file)"
        msg = (
            f"search space {path}: {where}: {first['msg']}; expected for each key of a recipe "
            "{low: …, high: …, log: true or false} or a list of values"
        )
        raise ConfigError(msg) from exc
    unknown = sorted(space.ways.keys() - Recipe.model_fields.keys())
    if unknown:
        msg = f"search space {path}: {', '.join(unknown)}: no such key in a recipe"
        raise ConfigError(msg)
    for key, way in space.ways.items():
        for value in way if isinstance(way, list) else (way.low, way.high):
            with_values(base, {key: value})
    return space


def _draw(trial: optuna.Trial, key: str, way: Span | Choices) -> Choice:
    if isinstance(way, list):
        return cast("Choice", trial.suggest_categorical(key, way))
    if isinstance(way.low, int) and isinstance(way.high, int):
        return trial.suggest_int(key, way.low, way.high, log=way.log)
    return trial.suggest_float(key, way.low, way.high, log=way.log)
