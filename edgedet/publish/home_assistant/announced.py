"""What Home Assistant was told in earlier runs, so that what is gone can be taken back."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from edgedet.files import write_whole
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

_MOST_REMEMBERED = 1024


class Announced(BaseModel):
    """Everything that was ever told: topics that are retained, and entities of the message."""

    model_config = ConfigDict(frozen=True)

    discovery_topics: tuple[str, ...] = ()
    state_topics: tuple[str, ...] = ()
    platforms: Mapping[str, str] = Field(default_factory=dict)
    """By the key of the entity."""

    def with_more(
        self, discovery_topic: str, state_topics: Sequence[str], platforms: Mapping[str, str]
    ) -> "Announced":
        """This and what is told now; what was told longest ago is forgotten first."""
        kept = dict(list({**self.platforms, **platforms}.items())[-_MOST_REMEMBERED:])
        return Announced(
            discovery_topics=_merged(self.discovery_topics, (discovery_topic,)),
            state_topics=_merged(self.state_topics, state_topics),
            platforms=kept,
        )


def read_announced(path: Path) -> Announced:
    """What an earlier run wrote; a file that cannot be read is told of, and nothing is known."""
    try:
        return take_up_state(path, Announced.model_validate_json) or Announced()
    except StateFileError as exc:
        logger.warning("%s; what Home Assistant was told before may stay there", exc)
        return Announced()


def write_announced(path: Path, announced: Announced) -> None:
    """Keep it for later runs; if that fails, it is told and nothing else suffers."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, announced.model_dump_json().encode())
    except OSError as exc:
        logger.warning(
            "cannot write '%s' (%s); sources that are removed later may stay in Home Assistant",
            path,
            exc.strerror,
        )


def _merged(before: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *now)))[-_MOST_REMEMBERED:]
