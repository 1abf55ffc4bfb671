"""The MQTT topic tree, version 1: every topic that edgedet writes or reads is named here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of one device. `root` is `edgedet/v1` unless configured otherwise.

    >>> Topics("edgedet/v1", "lab", "bench-01").detections("gate")
    'edgedet/v1/lab/bench-01/src/gate/detections'
    """

    root: str
    site: str
    device: str

    @property
    def prefix(self) -> str:
        """What all topics of the device begin with."""
        return f"{self.root}/{self.site}/{self.device}"

    @property
    def status(self) -> str:
        """Whether the device is there; also the topic of the will."""
        return f"{self.prefix}/status"

    @property
    def info(self) -> str:
        """What the device runs and publishes."""
        return f"{self.prefix}/info"

    @property
    def metrics(self) -> str:
        """How the device is doing."""
        return f"{self.prefix}/metrics"

    def source_status(self, source_id: str) -> str:
        """Whether a source delivers pictures."""
        return f"{self.prefix}/src/{source_id}/status"

    def detections(self, source_id: str) -> str:
        """What was detected, frame by frame."""
        return f"{self.prefix}/src/{source_id}/detections"

    def events(self, source_id: str) -> str:
        """Tracks and zones."""
        return f"{self.prefix}/src/{source_id}/events"

    def counts(self, source_id: str) -> str:
        """Objects in the picture and its zones."""
        return f"{self.prefix}/src/{source_id}/counts"

    def snapshot(self, source_id: str) -> str:
        """Pictures that were asked for."""
        return f"{self.prefix}/src/{source_id}/snapshot"

    def backlog(self, source_id: str, kind: str) -> str:
        """What was spooled during an outage or by an earlier run; metrics have no source."""
        return "/".join(filter(None, (self.prefix, "backlog", source_id, kind)))

    def command(self, name: str) -> str:
        """Commands to the device; `+` stands for all of them."""
        return f"{self.prefix}/cmd/{name}"

    def reply(self, name: str) -> str:
        """Answers to commands."""
        return f"{self.prefix}/reply/{name}"

    @property
    def desired_model(self) -> str:
        """The model that the device is to use; retained, and written by others."""
        return f"{self.prefix}/desired/model"

    def is_reply(self, topic: str) -> bool:
        """Whether `topic` is one for answers."""
        return topic.startswith(self.reply("")) and topic != self.reply("")
