"""Is the configuration valid, and is there what it names?"""

from pathlib import Path

from edgedet.commands.check import check
from edgedet.commands.doctor.checks import Check, failed, passed, warned
from edgedet.config.load import load_settings
from edgedet.config.settings import Settings
from edgedet.errors import ConfigError

NAME = "configuration"


def examine(config: Path) -> tuple[Settings | None, list[Check]]:
    """The settings, unless they are invalid, and what was found."""
    result = check(config)
    if not result.valid:
        return None, [failed(NAME, problem, "correct this place") for problem in result.problems]
    try:
        settings = load_settings(config).settings
    except ConfigError as exc:  # changed in between
        return None, [failed(NAME, str(exc), "correct this place")]
    if result.warnings:
        told = [
            warned(NAME, warning, "put it there, or correct the setting")
            for warning in result.warnings
        ]
        return settings, told
    enabled = sum(source.enabled for source in settings.sources)
    return settings, [passed(NAME, f"{config} is valid, {enabled} sources enabled")]
