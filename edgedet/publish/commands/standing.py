"""What commands have changed and still holds, kept on disk: a pause outlives a power cut."""

import json
import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from edgedet.files import write_whole
from edgedet.state_files import StateFileError, take_up_state

logger = logging.getLogger(__name__)

FILE_NAME = "orders.json"


class Orders(BaseModel):
    """What was ordered. `paused`: ids of sources, with the moment of the command (UTC, as text).

    `configured` are the thresholds of score and overlap that the configuration had then: another
    configuration is a newer order.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    paused: dict[str, str] = {}
    score_threshold: float | None = None
    iou_threshold: float | None = None
    configured: tuple[float, float] | None = None

    def thresholds(self, configured: tuple[float, float]) -> tuple[float | None, float | None]:
        """Those that hold as long as the configuration says `configured`; None: as it says."""
        if self.configured != configured:
            return None, None
        return self.score_threshold, self.iou_threshold


class StandingOrders:
    """The orders of this device. For one thread."""

    def __init__(self, folder: Path) -> None:
        """Take up what an earlier run left in `folder`; what cannot be read is told of."""
        self._path = folder / FILE_NAME
        self.now = _read(self._path)

    def change(self, orders: Orders) -> None:
        """Keep `orders` in place of those before.

        Raises:
            OSError: they cannot be written; those before hold.
        """
        write_whole(self._path, json.dumps(orders.model_dump(), ensure_ascii=False).encode())
        self.now = orders


def _read(path: Path) -> Orders:
    try:
        return take_up_state(path, Orders.model_validate_json) or Orders()
    except StateFileError as exc:
        logger.error(  # noqa: TRY400 - the message says it all
            "%s; what was paused or set by command before this start does not hold; give the"
            " commands again",
            exc,
        )
        return Orders()
