"""The outlets of a configuration: MQTT, the broker for trying things out, JSON lines."""

from collections.abc import Callable, Sequence

from edgedet.clock import Clock, Deadline
from edgedet.config.mqtt import MqttSettings
from edgedet.config.settings import Settings
from edgedet.config.source import SourceSettings
from edgedet.model_identity import ModelIdentity
from edgedet.publish.base import Sink
from edgedet.publish.embedded import EmbeddedBroker
from edgedet.publish.exchange import Exchange
from edgedet.publish.fan_out import FanOut
from edgedet.publish.home_assistant.announcer import Announcer
from edgedet.publish.home_assistant.discovery import classes_of
from edgedet.publish.identity import Birth, Origin
from edgedet.publish.jsonl import JsonLinesSink
from edgedet.publish.mqtt import MqttSink
from edgedet.publish.payloads import JsonObject
from edgedet.publish.topics import Topics
from edgedet.stream.model import Model
from edgedet.stream.worker import ErrorCallback

_BROKER_START_S = 10.0
_BROKER_STOP_S = 1.0


class Outlets:
    """All sinks behind one, and the embedded broker if there is one."""

    def __init__(  # noqa: PLR0913 - the composition root hands over every part
        self,
        settings: Settings,
        model: ModelIdentity,
        clock: Clock,
        *,
        birth: Birth,
        appends_jsonl: bool,
        on_error: ErrorCallback,
    ) -> None:
        """Build the sinks; files and ports are taken here, threads start in `start`.

        Raises:
            ConfigError: a password or certificate cannot be read, or the model lacks a class.
            PublishError: a file or port cannot be opened.
        """
        self._clock = clock
        mqtt = settings.mqtt
        counted_classes = classes_of(mqtt.home_assistant.count_classes, model.class_names)
        self._broker = EmbeddedBroker(mqtt.embedded_listen) if mqtt.is_embedded else None
        self._mqtt: MqttSink | None = None
        self._announcer: Announcer | None = None
        self._count_classes = mqtt.home_assistant.count_classes
        self.birth = birth
        self.origin = Origin(settings.device.site, settings.device.name, birth.boot, model)
        self.topics = Topics(mqtt.topic_root, settings.device.site, settings.device.name)
        sinks: list[Sink] = []
        self.broker_url = "" if mqtt.is_off else mqtt.url
        if self._broker is not None:
            self.broker_url = self._broker.url
            mqtt = _listening_at(mqtt, self._broker.url)
        if settings.jsonl is not None:
            sinks.append(JsonLinesSink(settings.jsonl, self.origin, clock, append=appends_jsonl))
        if not mqtt.is_off:
            self._mqtt = MqttSink(
                mqtt,
                settings.device,
                model,
                sources=_ids(settings.sources),
                lossless=_lossless(settings.sources),
                boot=birth.boot,
                state_dir=settings.state_dir,
                clock=clock,
                on_error=on_error,
                last_run=birth.last_run,
                latency_budget_ms=settings.batch.latency_budget_ms,
            )
            self._announcer = self._announce(settings, self._mqtt.exchange, counted_classes)
            sinks.append(self._mqtt)
        self.sink: Sink = sinks[0] if len(sinks) == 1 else FanOut(sinks, clock)

    @property
    def mqtt(self) -> MqttSink | None:
        """The sink to the broker; None without MQTT."""
        return self._mqtt

    @property
    def broker_state(self) -> str:
        """How the connection to the broker is, in a few words; empty without MQTT."""
        if self._mqtt is None:
            return ""
        stats = self._mqtt.stats
        return f"{stats.state.value}: {stats.reason}" if stats.reason else stats.state.value

    @property
    def spooled(self) -> int:
        """How many of the messages that were not handed over are on disk, for the next run."""
        return 0 if self._mqtt is None else self._mqtt.stats.spooled

    def tell(self, name: str, figures: Callable[[], JsonObject]) -> None:
        """Have `figures` told as `name` among the metrics."""
        if self._mqtt is not None:
            self._mqtt.exchange.count(name, figures)

    def start(self) -> None:
        """Start the threads, the broker first.

        Raises:
            PublishError: if the embedded broker does not start.
        """
        if self._broker is not None:
            self._broker.start(_BROKER_START_S)
        if self._mqtt is not None:
            self._mqtt.start()

    def stop(self, timeout_s: float) -> None:
        """Say good-bye and end the threads, the broker last."""
        deadline = Deadline(timeout_s, self._clock)
        reserve_s = 0.0 if self._broker is None else _BROKER_STOP_S
        self.sink.close(max(0.0, deadline.remaining_s() - reserve_s))
        if self._broker is not None:
            self._broker.stop(deadline.remaining_s())

    def set_sources(self, sources: Sequence[SourceSettings]) -> None:
        """Speak of these from now on, and take back what is retained of others; any thread."""
        if self._mqtt is not None:
            self._mqtt.set_sources(_ids(sources), _lossless(sources))
        if self._announcer is not None:
            self._announcer.set_sources(_ids(sources), _counted(sources))

    def use_model(self, model: Model) -> None:
        """Tell Home Assistant of another model, and of its classes; any thread."""
        if self._announcer is not None:
            names = model.identity.class_names
            self._announcer.set_model(model.identity, classes_of(self._count_classes, names))

    def _announce(
        self, settings: Settings, exchange: Exchange, classes: Sequence[str]
    ) -> Announcer:
        """Have Home Assistant told what there is."""
        return Announcer(
            settings.mqtt,
            origin=self.origin,
            topics=self.topics,
            sources=_ids(settings.sources),
            counted=_counted(settings.sources),
            classes=classes,
            exchange=exchange,
            state_dir=settings.state_dir,
        )


def _ids(sources: Sequence[SourceSettings]) -> list[str]:
    return [source.id for source in sources]


def _lossless(sources: Sequence[SourceSettings]) -> list[str]:
    return [source.id for source in sources if source.is_lossless]


def _counted(sources: Sequence[SourceSettings]) -> list[str]:
    return [source.id for source in sources if source.enabled and source.track.enabled]


def _listening_at(settings: MqttSettings, url: str) -> MqttSettings:
    """The settings to reach the embedded broker, whose port may be another than asked for."""
    return settings.model_copy(update={"embedded_listen": url.partition("://")[2]})
