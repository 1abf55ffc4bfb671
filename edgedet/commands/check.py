"""`edgedet check`: what is wrong with a configuration, without running it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edgedet.config.load import load_settings, settings_schema
from edgedet.config.sampling import SamplingSettings
from edgedet.config.section import brief
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError
from edgedet.paths import in_the_way, problem_of_file, problem_of_folder
from edgedet.source import advice_on_sources, problems_of_sources


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found. `problems` keep it from running, `warnings` do not."""

    valid: bool
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 if it may run, 2 if not."""
        return 0 if self.valid else 2

    def to_json(self) -> str:
        """The result as JSON."""
        return json.dumps(asdict(self), indent=2)


def check(config: Path) -> CheckResult:
    """Check the configuration at `config`, and say what it names that is not on this machine."""
    try:
        loaded = load_settings(config)
    except ConfigError as exc:
        return CheckResult(valid=False, problems=exc.problems, warnings=())
    settings = loaded.settings
    problems = [*problems_of_sources(settings.sources), *problems_of_places(settings)]
    if problems:
        told = tuple(f"{config}: {problem}" for problem in problems)
        return CheckResult(valid=False, problems=told, warnings=loaded.warnings)
    advice = advice_on_sources(settings.sources)
    warnings = (*loaded.warnings, *_missing(settings), *advice)
    return CheckResult(valid=True, problems=(), warnings=warnings)


def problems_of_places(settings: Settings) -> list[str]:
    """What cannot be kept where the settings say: a file is where a folder must be, or reversed.

    What is not there is none of them, nor what this user may not enter: the service may.
    """
    folders = [("state_dir", settings.state_dir)]
    sampling = settings.sampling
    if sampling.enabled and sampling.sink == "folder" and sampling.folder.path is not None:
        folders.append(("sampling.folder.path", sampling.folder.path))
    jsonl = settings.jsonl
    if jsonl is not None:
        folders.append(("jsonl", jsonl.parent))
    found = [(key, path, in_the_way(path)) for key, path in folders]
    problems = [
        f"{key}: '{path}' cannot be a folder, as '{thing}' is none; choose another place"
        for key, path, thing in found
        if thing is not None
    ]
    if jsonl is not None and not problem_of_folder(jsonl):
        problems.append(f"jsonl: '{jsonl}' is a folder; expected a file, which need not be there")
    return problems


def check_places(settings: Settings) -> None:
    """Refuse what `problems_of_places` finds.

    Raises:
        ConfigError: with one line for each.
    """
    problems = problems_of_places(settings)
    if problems:
        msg = f"{len(problems)} of the places in the configuration cannot be used"
        raise ConfigError(msg, tuple(problems))


def schema_text() -> str:
    """The JSON Schema of configurations, as text."""
    return json.dumps(settings_schema(), indent=2)


def _missing(settings: Settings) -> list[str]:
    """Files that the configuration names and that are not here, now."""
    named = [("model.bundle", settings.model.bundle / "manifest.json")]
    named += [
        (f"sources: '{source.id}': password_file", source.password_file)
        for source in settings.sources
        if source.password_file is not None
    ]
    named += [
        (f"sources: '{source.id}': tls_ca_file", source.tls_ca_file)
        for source in settings.sources
        if source.tls_ca_file is not None
    ]
    named += _secrets_of_sampling(settings.sampling)
    mqtt = settings.mqtt
    for key, path in (
        ("mqtt.password_file", mqtt.password_file),
        ("mqtt.tls.ca_file", mqtt.tls.ca_file),
        ("mqtt.tls.cert_file", mqtt.tls.cert_file),
        ("mqtt.tls.key_file", mqtt.tls.key_file),
    ):
        if path is not None:
            named.append((key, path))
    found = ((key, path, problem_of_file(path)) for key, path in named)
    return [brief(f"{key}: '{path}' {what}", 2000) for key, path, what in found if what]


def _secrets_of_sampling(sampling: SamplingSettings) -> list[tuple[str, Path]]:
    """What the chosen sink needs to be let in."""
    if not sampling.enabled:
        return []
    if sampling.sink == "roboflow" and sampling.roboflow is not None:
        return [("sampling.roboflow.api_key_file", sampling.roboflow.api_key_file)]
    if sampling.sink == "s3" and sampling.s3 is not None:
        return [("sampling.s3.credentials_file", sampling.s3.credentials_file)]
    return []
