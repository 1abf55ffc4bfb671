"""What others may have done over MQTT, carried out on the parts of a running application."""

import json
import threading

from edgedet.clock import Clock, Deadline, utc_text
from edgedet.config.mqtt import MqttSettings
from edgedet.detections import SeenFrame
from edgedet.errors import CommandError
from edgedet.event import SourceState
from edgedet.feeds import Feeds
from edgedet.model_change import ModelChange
from edgedet.outlets import Outlets
from edgedet.overrides import Overrides
from edgedet.publish.broker import Message
from edgedet.publish.commands.arguments import (
    NoArguments,
    SampleArguments,
    SnapshotArguments,
    SourceArguments,
    ThresholdArguments,
)
from edgedet.publish.commands.desk import CommandDesk
from edgedet.publish.commands.memory import CommandMemory
from edgedet.publish.commands.standing import StandingOrders
from edgedet.publish.exchange import Exchange
from edgedet.publish.payloads import JsonObject
from edgedet.reload import Reloader
from edgedet.sampling_start import SamplingStart
from edgedet.stream.next_frame import NextFrame
from edgedet.stream.pipeline import Pipeline
from edgedet.stream.record import SourceRecord
from edgedet.vision.jpeg import encode_jpeg
from edgedet.vision.pixels import to_rgb

SNAPSHOT_MAX_BYTES = 100_000

_FRAME_TIMEOUT_S = 5.0
_TICK_S = 0.25
_SNAPSHOT_EXPIRY_S = 300
_JPEG = "image/jpeg"


class Remote:
    """The commands of one application. Without `mqtt.commands` it does nothing."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        settings: MqttSettings,
        memory: CommandMemory | None,
        outlets: Outlets,
        feeds: Feeds,
        pipeline: Pipeline,
        clock: Clock,
        reloader: Reloader,
        samples: SamplingStart,
        models: ModelChange,
    ) -> None:
        """Listen for commands if there is a `memory` for them, and let hold what they ordered."""
        self._samples = samples
        self._outlets = outlets
        self._feeds = feeds
        self._pipeline = pipeline
        self._clock = clock
        self._reloader = reloader
        self._snapshot_bytes = min(SNAPSHOT_MAX_BYTES, settings.max_payload_bytes)
        self._is_stopping = threading.Event()
        self._desk: CommandDesk | None = None
        if outlets.mqtt is None or memory is None:
            return
        exchange = outlets.mqtt.exchange
        self._desk = CommandDesk(
            origin=outlets.origin,
            topics=outlets.topics,
            allow=settings.commands.allow,
            exchange=exchange,
            memory=memory,
            clock=clock,
            closed=[settings.home_assistant.prefix],
        )
        standing = StandingOrders(memory.folder)
        overrides = Overrides(standing, feeds, pipeline, lambda: reloader.thresholds, clock)
        overrides.restore(settings.commands.allow)
        exchange.describe("overrides", overrides.facts)
        reloader.on_applied = exchange.ask_for_rebirth
        self._offer(self._desk, exchange, overrides)
        models.offer(self._desk)

    @property
    def _records(self) -> dict[str, SourceRecord]:
        return {record.source_id: record for record in self._feeds.records}

    def start(self) -> None:
        """Begin to carry out commands."""
        if self._desk is not None:
            self._desk.start()

    def request_stop(self) -> None:
        """Take up no further command, and wait for nothing in the one in hand."""
        self._is_stopping.set()
        if self._desk is not None:
            self._desk.request_stop()

    def stop(self, timeout_s: float) -> bool:
        """End with the command in hand; whether it has ended."""
        return self._desk is None or self._desk.stop(timeout_s)

    def _offer(self, desk: CommandDesk, exchange: Exchange, overrides: Overrides) -> None:
        def told(result: JsonObject) -> JsonObject:
            exchange.ask_for_rebirth()
            return result

        def pause(arguments: SourceArguments) -> JsonObject:
            return told(overrides.pause(self._meant(arguments.source)))

        def resume(arguments: SourceArguments) -> JsonObject:
            return told(overrides.resume(self._meant(arguments.source)))

        desk.offer("pause", SourceArguments, pause)
        desk.offer("resume", SourceArguments, resume)
        desk.offer("set-threshold", ThresholdArguments, lambda a: told(overrides.set_thresholds(a)))
        desk.offer("reload", NoArguments, lambda _: told(self._reloader.command()))
        desk.offer("rebirth", NoArguments, lambda _: told({}))
        desk.offer("sample", SampleArguments, self._sample)
        desk.offer("snapshot", SnapshotArguments, lambda a: self._snapshot(a.source, exchange))

    def _sample(self, arguments: SampleArguments) -> JsonObject:
        self._meant(arguments.source)
        sampling = self._samples.now
        if sampling is None:
            reason = self._samples.trouble or "`sampling` of the configuration enables it"
            msg = f"no frames are sampled; {reason}"
            raise CommandError(msg)
        sampling.request(arguments.source)
        return {}

    def _snapshot(self, source_id: str, exchange: Exchange) -> JsonObject:
        record = self._meant(source_id)[0]
        if record.is_paused:
            msg = f"source '{source_id}' is paused; resume it first"
            raise CommandError(msg)
        listener = NextFrame(source_id, self._clock)
        self._pipeline.tap.add(listener)
        deadline = Deadline(_FRAME_TIMEOUT_S, self._clock)
        seen = None
        try:
            while seen is None and not deadline.is_over() and not self._is_stopping.is_set():
                seen = listener.wait(_TICK_S)
        finally:
            self._pipeline.tap.remove(listener)
        if seen is None:
            state = record.status().state.value
            msg = f"source '{source_id}': no frame within {_FRAME_TIMEOUT_S:.0f} s; it is {state}"
            raise CommandError(msg)
        return self._post_snapshot(seen, exchange)

    def _post_snapshot(self, seen: SeenFrame, exchange: Exchange) -> JsonObject:
        frame = seen.frame.info
        frame_id = self._outlets.origin.frame_id(frame)
        capture = utc_text(frame.capture.utc)
        # in the file too, for subscribers with MQTT 3.1.1 see no properties
        comment = json.dumps({"id": frame_id, "capture": capture}, separators=(",", ":"))
        jpeg = encode_jpeg(to_rgb(seen.frame), self._snapshot_bytes, comment)
        topic = self._outlets.topics.snapshot(frame.source_id)
        exchange.post(
            Message(
                topic=topic,
                payload=jpeg.data,
                schema="",
                id=frame_id,
                qos=1,
                expiry_s=_SNAPSHOT_EXPIRY_S,
                content_type=_JPEG,
            )
        )
        return {
            "id": frame_id,
            "topic": topic,
            "capture": capture,
            "width": jpeg.width,
            "height": jpeg.height,
            "size_bytes": len(jpeg.data),
            "objects": len(seen.result.detections),
        }

    def _meant(self, source_id: str | None) -> list[SourceRecord]:
        """The sources that a command is about; one that is named must be running.

        Raises:
            CommandError: there is no such source, or it has ended.
        """
        if source_id is None:
            return list(self._records.values())
        records = self._records
        record = records.get(source_id)
        if record is None:
            msg = f"there is no source '{source_id}'; expected one of {', '.join(records)}"
            raise CommandError(msg)
        if record.status().state is SourceState.ENDED:
            msg = f"source '{source_id}' has ended"
            raise CommandError(msg)
        return [record]
