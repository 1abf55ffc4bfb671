"""The configuration file and the environment, checked as a whole: all problems at once.

The only place that reads the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edgedet.config.document import Document, KeyPath, Problem, parse_yaml
from edgedet.config.environment import apply_environment
from edgedet.config.problems import path_text, problems_of
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError

_MAX_BYTES = 256 * 1024


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
    document = parse_yaml(_read(path))
    origins = {}
    if not _is_unreadable(document):
        origins = apply_environment(document, environ)
    problems = list(document.problems)
    settings = None
    try:
        settings = _validate(document, path.absolute().parent, environ)
    except ValidationError as exc:
        if not _is_unreadable(document):
            problems += problems_of(exc, Settings)
    if problems or settings is None:
        lines = tuple(_told(path, document, origins, problem) for problem in problems)
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


def _is_unreadable(document: Document) -> bool:
    """Whether there is nothing to validate, as the text is no YAML at all."""
    return document.value is None and bool(document.problems)


def _read(path: Path) -> str:
    """The text of a file that may be a configuration."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        msg = f"cannot read the configuration '{path}': {exc.strerror}"
        raise ConfigError(msg, (msg,)) from exc
    if len(content) > _MAX_BYTES:
        msg = f"{path} has more than {_MAX_BYTES} bytes: not a configuration"
        raise ConfigError(msg, (msg,))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        msg = f"{path} is not UTF-8 text: byte {exc.start} cannot be read"
        raise ConfigError(msg, (msg,)) from exc


def _told(path: Path, document: Document, origins: dict[KeyPath, str], problem: Problem) -> str:
    """A problem with where to look: `file:line: key.path: message`."""
    line = problem.line
    for length in range(len(problem.path), -1, -1):
        prefix = problem.path[:length]
        if prefix in origins:
            return f"{origins[prefix]}: {path_text(problem.path)}: {problem.message}"
        if not line and prefix in document.lines:
            line = document.lines[prefix]
    where = f"{path}:{line}" if line else str(path)
    key = path_text(problem.path)
    return f"{where}: {key}: {problem.message}" if key else f"{where}: {problem.message}"


def _warnings(settings: Settings) -> tuple[str, ...]:
    """What is valid but does not do what one might think."""
    warnings = []
    if settings.http.listen != "off":
        warnings.append("http: this version has no web page and no metrics yet; ignored")
    if settings.sampling.enabled:
        warnings.append("sampling: this version does not sample frames yet; ignored")
    warnings += [
        f"sources: max_fps of '{source.id}' is ignored, as realtime: false loses no frame"
        for source in settings.sources
        if source.max_fps is not None and source.is_lossless
    ]
    if settings.mqtt.tls.insecure:
        warnings.append("mqtt.tls.insecure: the broker's certificate is not checked")
    if not any(source.enabled for source in settings.sources):
        warnings.append("sources: none is enabled")
    return tuple(warnings)
