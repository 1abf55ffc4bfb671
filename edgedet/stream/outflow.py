"""The last step of a frame: what is made of the backend's answer, and what is handed over of it."""

from collections.abc import Collection

from edgedet.clock import Clock
from edgedet.detections import FrameDetections
from edgedet.publish.base import Sink
from edgedet.stream.answer import Answer
from edgedet.stream.batch import BatchItem
from edgedet.track.base import Analyst, Report
from edgedet.vision.postprocess import select_detections

_LOOK_ROUND_S = 0.5


class Outflow:
    """From answers over the analyst to the sink. For the thread that publishes."""

    def __init__(self, analyst: Analyst, sink: Sink, clock: Clock) -> None:
        """Hand over to `sink` what `analyst` says."""
        self._analyst = analyst
        self._sink = sink
        self._clock = clock
        self._last_seq: dict[str, int] = {}
        self._look_round_s = clock.monotonic() + _LOOK_ROUND_S

    def wants_pictures(self, items: Collection[BatchItem], score_threshold: float) -> bool:
        """Whether any of the frames is of use with its pixels; for any thread."""
        sources = {item.frame.source_id for item in items}
        return any(self._analyst.needs(each, score_threshold).picture for each in sources)

    def take(self, answer: Answer, index: int) -> FrameDetections:
        """Hand over what is left of one frame, and what there is to tell of its objects."""
        detected = self._detected(answer, index)
        score_threshold = answer.by.thresholds.score
        above = int((detected.detections.scores > score_threshold).sum())
        answer.by.tally.add_frame(detected.frame.source_id, above)
        picture = answer.picture(index)
        result, report = self._analyst.observe(detected, picture, score_threshold)
        self._sink.publish(result)
        self._tell(report)
        return result

    def look_round(self, ended: Collection[str]) -> None:
        """Tell what the silence of sources means; may be called as often as one likes."""
        now_s = self._clock.monotonic()
        if now_s >= self._look_round_s:
            self._look_round_s = now_s + _LOOK_ROUND_S
            self._tell(self._analyst.idle(now_s, ended))

    def finish(self, ended: Collection[str]) -> None:
        """Tell the end of everything; sources that are not in `ended` were stopped."""
        self._tell(self._analyst.finish(ended))

    def _detected(self, answer: Answer, index: int) -> FrameDetections:
        item, candidates = answer.items[index], answer.candidates[index]
        source_id = item.frame.source_id
        skipped = item.frame.seq - self._last_seq.get(source_id, -1) - 1
        self._last_seq[source_id] = item.frame.seq
        thresholds = answer.by.thresholds
        needs = self._analyst.needs(source_id, thresholds.score)
        detections = select_detections(
            candidates,
            item.box,
            score_threshold=needs.score_threshold,
            iou_threshold=thresholds.iou,
            max_detections=len(candidates),  # what a message cannot hold is counted in it
        )
        return FrameDetections(
            item.frame,
            detections,
            skipped,
            item.batched_s,
            answer.start_s,
            answer.end_s,
            model=answer.by.model,
        )

    def _tell(self, report: Report) -> None:
        for event in report.events:
            self._sink.publish_event(event)
        for counts in report.counts:
            self._sink.publish_counts(counts)
