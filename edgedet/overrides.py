"""What commands change of a run, carried out on its parts, and kept for the next run.

An operator who pauses a camera does not want it to go on after a power cut. So a pause holds until
it is ended, and thresholds until the configuration says others; `info` tells both.
"""

import logging
from collections.abc import Callable, Collection, Sequence

from edgedet.clock import Clock, utc_text
from edgedet.errors import CommandError
from edgedet.feeds import Feeds
from edgedet.publish.commands.arguments import ThresholdArguments
from edgedet.publish.commands.standing import StandingOrders
from edgedet.publish.payloads import JsonObject
from edgedet.stream.model import Thresholds
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.record import SourceRecord

logger = logging.getLogger(__name__)


class Overrides:
    """Pauses and thresholds by command. For one thread at a time; `facts` for any."""

    def __init__(
        self,
        standing: StandingOrders,
        feeds: Feeds,
        pipeline: Pipeline,
        configured: Callable[[], tuple[float, float]],
        clock: Clock,
    ) -> None:
        """Change `feeds` and `pipeline`; `configured` are the thresholds without any command."""
        self._standing = standing
        self._feeds = feeds
        self._pipeline = pipeline
        self._configured = configured
        self._clock = clock

    def restore(self, allow: Collection[str]) -> None:
        """Let hold what was ordered in an earlier run, as far as its commands are still allowed.

        Else nobody could take it back.
        """
        before = self._standing.now
        if {"pause", "resume"} <= set(allow):
            self._feeds.on_add = self._hold_back
            for record in self._feeds.records:
                self._hold_back(record)
        if "set-threshold" not in allow:
            return
        score, iou = before.thresholds(self._configured())
        if (score, iou) != (None, None):
            self._apply(score, iou)
            now = self._pipeline.thresholds
            text = "thresholds by command: score %g, overlap %g, until the configuration has others"
            logger.warning(text, now.score, now.iou)

    def pause(self, records: Sequence[SourceRecord]) -> JsonObject:
        """Have nothing of these detected until they are resumed.

        Raises:
            CommandError: that cannot be kept; nothing is changed.
        """
        since = utc_text(self._clock.utc_now())
        news = {record.source_id: since for record in records if not record.is_paused}
        self._keep(paused={**self._standing.now.paused, **news})
        for record in records:
            record.pause(_reason(since))
        return {"paused": self._paused()}

    def resume(self, records: Sequence[SourceRecord]) -> JsonObject:
        """Let these be detected again; see `pause`."""
        names = {record.source_id for record in records}
        before = self._standing.now.paused
        self._keep(paused={name: since for name, since in before.items() if name not in names})
        for record in records:
            record.resume()
        return {"paused": self._paused()}

    def set_thresholds(self, arguments: ThresholdArguments) -> JsonObject:
        """Set those that are given, to what the configuration says if they are null.

        Raises:
            CommandError: that cannot be kept; nothing is changed.
        """
        configured = self._configured()
        score, iou = self._standing.now.thresholds(configured)
        given = arguments.model_fields_set
        score = arguments.score_threshold if "score_threshold" in given else score
        iou = arguments.iou_threshold if "iou_threshold" in given else iou
        self._keep(score_threshold=score, iou_threshold=iou, configured=configured)
        self._apply(score, iou)
        now = self._pipeline.thresholds
        return {"score_threshold": now.score, "iou_threshold": now.iou}

    def facts(self) -> JsonObject:
        """What holds now because of commands; a threshold that is null is the configured one."""
        score, iou = self._standing.now.thresholds(self._configured())
        return {"paused": [*self._paused()], "score_threshold": score, "iou_threshold": iou}

    def _hold_back(self, record: SourceRecord) -> None:
        """Pause a source that was paused, be it in an earlier run or before it was removed."""
        since = self._standing.now.paused.get(record.source_id)
        if since is not None and record.pause(_reason(since)):
            name = record.source_id
            logger.warning("source '%s': %s; resume it by command", name, _reason(since))

    def _keep(self, **changes: object) -> None:
        try:
            self._standing.change(self._standing.now.model_copy(update=changes))
        except OSError as exc:
            msg = f"cannot keep it in state_dir ({exc.strerror}), so it is not done"
            raise CommandError(msg) from exc

    def _apply(self, score: float | None, iou: float | None) -> None:
        before = self._configured()
        self._pipeline.thresholds = Thresholds(
            before[0] if score is None else score, before[1] if iou is None else iou
        )

    def _paused(self) -> list[str]:
        return [record.source_id for record in self._feeds.records if record.is_paused]


def _reason(since: str) -> str:
    return f"paused by a command over MQTT at {since}"
