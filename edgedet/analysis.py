"""The analysis of a configuration: what is made of its sources' objects."""

from collections.abc import Sequence

from edgedet.config.source import SourceSettings
from edgedet.errors import ConfigError
from edgedet.manifest import Bundle
from edgedet.track.analysts import Analysts, problems_of_classes


def make_analysts(sources: Sequence[SourceSettings], bundle: Bundle, boot: str) -> Analysts:
    """An analyst for each source.

    Raises:
        ConfigError: if the settings name classes that the model does not know.
    """
    class_names = tuple(bundle.manifest.class_names)
    problems = problems_of_classes(sources, class_names)
    if problems:
        msg = f"{len(problems)} of the classes in the configuration are none of the model's"
        raise ConfigError(msg, tuple(problems))
    return Analysts(sources, class_names, boot)
