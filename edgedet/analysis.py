"""The analysis of a configuration: what is made of its sources' objects."""

from collections.abc import Sequence

from edgedet.config.source import SourceSettings
from edgedet.errors import ConfigError
from edgedet.manifest import Bundle
from edgedet.track.analysts import Analysts, problems_of_classes


def check_classes(sources: Sequence[SourceSettings], class_names: Sequence[str]) -> None:
    """Compare the classes that the settings name with the model's.

    Raises:
        ConfigError: if the model does not know one of them.
    """
    problems = problems_of_classes(sources, class_names)
    if problems:
        msg = f"{len(problems)} of the classes in the configuration are none of the model's"
        raise ConfigError(msg, tuple(problems))


def make_analysts(sources: Sequence[SourceSettings], bundle: Bundle, boot: str) -> Analysts:
    """An analyst for each source.

    Raises:
        ConfigError: if the settings name classes that the model does not know.
    """
    check_classes(sources, bundle.manifest.class_names)
    return Analysts(sources, tuple(bundle.manifest.class_names), boot)
