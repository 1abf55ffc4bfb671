"""The configuration file and the environment, checked as a whole: all problems at once.

The only place that reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgedet.config.document import Document, Problem, parse_yaml, read_text
from edgedet.config.environment import apply_environment
from edgedet.config.problems import located, problems_of
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings that may be used, and what the user should know about them."""

    settings: Settings
    warnings: tuple[str, ...] = ()


def load_settings(path: Path, environ: Mapping[str, str] | None = None) -> LoadedSettings:
    """The settings of the file at `path`, changed by `environ` (None: this process's environment).

    Relative paths in it are relative to its folder.

    Raises:
        ConfigError: with one line for each problem in `problems`.
    """
    environ = os.environ if environ is None else environ
    document = parse_yaml(read_text(path))
    origins = {}
    if not _is_unreadable(document):
        origins = apply_environment(document, environ)
    problems = list(document.problems)
    settings = None
    try:
        settings = _validate(document, path.absolute().parent, environ)
    except ValidationError as exc:
        if not _is_unreadable(document):
            problems += [
                problem for problem in problems_of(exc, Settings) if not _is_told(problem, document)
            ]
    if problems or settings is None:
        lines = tuple(located(path, document, problem, origins) for problem in problems)
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        msg = f"{path}: {count} in the configuration"
        raise ConfigError(msg, lines)
    return LoadedSettings(settings, _warnings(settings))


def settings_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file, for editors."""
    schema = Settings.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _validate(document: Document, folder: Path, environ: Mapping[str, str]) -> Settings:
    value = {} if document.value is None else document.value
    context = {"folder": folder, "credentials": environ.get("CREDENTIALS_DIRECTORY")}
    return Settings.model_validate(value, context=context)


def _is_told(problem: Problem, document: Document) -> bool:
    """Whether it is about a value that was not read in the first place."""
    return any(problem.path[: len(place)] == place for place in document.unread)


def _is_unreadable(document: Document) -> bool:
    """Whether there is nothing to validate, as the text is no YAML at all."""
    return document.value is None and bool(document.problems)


def _warnings(settings: Settings) -> tuple[str, ...]:
    """What is valid but does not do what one might think."""
    warnings = []
    if settings.sampling.enabled and not settings.sampling.strategies:
        warnings.append("sampling: without strategies only frames that are asked for are kept")
    warnings += [
        f"sources: max_fps of '{source.id}' is ignored, as realtime: false loses no frame"
        for source in settings.sources
        if source.max_fps is not None and source.is_lossless
    ]
    rollout = settings.rollout
    if rollout.allow_from and rollout.require_signature and settings.model.public_key_file is None:
        warnings.append(
            "rollout.allow_from: nothing is taken from there without model.public_key_file, unless"
            " rollout.require_signature is false"
        )
    if settings.mqtt.tls.insecure:
        warnings.append("mqtt.tls.insecure: the broker's certificate is not checked")
    commands = settings.mqtt.commands
    if commands.allow and not commands.enabled:
        warnings.append(
            f"mqtt.commands: allows {', '.join(commands.allow)}, but none is taken without"
            " enabled: true"
        )
    if not any(source.enabled for source in settings.sources):
        warnings.append("sources: none is enabled")
    return tuple(warnings)
