"""How a device and its sources are: `status`, `source_status`, `info`, `metrics`."""

from collections.abc import Mapping

from edgedet.messages.base import Count, DeviceMessage, Part, Utc


class Status(DeviceMessage):
    """Whether the device is there. Missing, or older than `expires_at`: unknown."""

    state: str
    session: int
    published: Utc | None = None
    since: Utc | None = None
    heartbeat_s: float | None = None
    expires_at: Utc | None = None
    reason: str = ""


class SourceLimit(Part):
    """What the detector can do for a source that asks for more."""

    fps: float
    reason: str


class SourceStatus(DeviceMessage):
    """Whether a source delivers pictures. Missing, or older than `expires_at`: unknown."""

    published: Utc
    source: str
    state: str
    since: Utc
    last_frame: Utc | None
    fps_in: float
    fps_inferred: float
    dropped: Count
    reconnects: Count
    reason: str
    expires_at: Utc
    clock_offset_ms: float | None = None
    decoder: str = ""
    quarantined: Count = 0
    limits: SourceLimit | None = None


class InfoModel(Part):
    """The model; `class_names` by class id."""

    name: str
    version: str
    sha256: str
    precision: str
    class_names: tuple[str, ...]


class InfoLimits(Part):
    """What a subscriber may count on."""

    max_objects: int
    max_payload_bytes: int
    detections_qos: int
    detections_expiry_s: float
    detections_max_per_s: float | None
    heartbeat_s: float
    events_expiry_s: float | None = None
    latency_budget_ms: float | None = None


class LastRun(Part):
    """How the run before came to its end."""

    end: str
    detail: str
    boot: str
    ended: Utc | None


class Desired(Part):
    """What became of the desired state."""

    id: str
    outcome: str
    seen: Utc
    reason: str


class Rollout(Part):
    """The latest change of the model; `figures` by name."""

    state: str
    since: Utc | None
    serving: str
    before: str
    to: str
    asked_by: str
    reason: str
    figures: Mapping[str, float]
    desired: Desired | None


class Overrides(Part):
    """What holds because of commands; a threshold that is None is the configured one."""

    paused: tuple[str, ...]
    score_threshold: float | None
    iou_threshold: float | None


class Info(DeviceMessage):
    """What the device runs and publishes."""

    published: Utc
    site: str
    version: str
    topic_prefix: str
    schemas: tuple[str, ...]
    sources: tuple[str, ...]
    model: InfoModel
    limits: InfoLimits
    commands: tuple[str, ...] = ()
    overrides: Overrides | None = None
    last_run: LastRun | None = None
    rollout: Rollout | None = None


class MqttFigures(Part):
    """The connection to the broker."""

    protocol: str
    reconnects: Count
    pending: Count
    posts_dropped: Count = 0


class SpoolFigures(Part):
    """Messages that are kept on disk until the broker has them; `dropped` by kind."""

    durable: bool
    reason: str
    kept: Count
    used_bytes: Count
    replayed: Count
    dropped: Mapping[str, Count]


class SourceFigures(Part):
    """The messages of one source since the service started."""

    source: str
    published: Count
    dropped: Count
    truncated: Count


class CommandFigures(Part):
    """The commands since the service started, by their answer."""

    ok: Count
    error: Count
    duplicate: Count
    ignored: Count


class DetectorFigures(Part):
    """What the detector can answer and what cameras ask for, in images a second."""

    capacity_fps: float
    demand_fps: float
    backend: str | None = None
    """What runs the model; None until it is loaded, and of devices that do not say."""


class Metrics(DeviceMessage):
    """Counters since the service started."""

    published: Utc
    uptime_s: float
    clock: str
    mqtt: MqttFigures
    sources: tuple[SourceFigures, ...]
    spool: SpoolFigures | None = None
    detector: DetectorFigures | None = None
    commands: CommandFigures | None = None
    seq: Count | None = None
    """Where metrics are durable."""
    replayed: bool = False
    lost_before: Count = 0
