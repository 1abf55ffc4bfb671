"""What a topic says, for those who read: whose message it is, and of what kind."""

from dataclasses import dataclass

_OF_DEVICE = {"status": "status", "info": "info", "metrics": "metrics"}
_OF_SOURCE = {
    "status": "source_status",
    "detections": "detections",
    "events": "events",
    "counts": "counts",
    "snapshot": "snapshot",
}
_OF_NAME = {"cmd": "command", "reply": "reply"}


@dataclass(frozen=True, slots=True)
class Address:
    """A topic taken apart: the device's `prefix`, and the `kind`, a schema's name or `snapshot`."""

    prefix: str
    device: str
    kind: str
    source: str = ""
    name: str = ""
    is_backlog: bool = False


def parse_topic(topic: str) -> Address | None:
    """What `topic` says; None if it is none of a device's topics.

    >>> parse_topic("edgedet/v1/lab/bench-01/src/gate/status")
    Address(prefix='edgedet/v1/lab/bench-01', device='bench-01', kind='source_status', \
source='gate', name='', is_backlog=False)
    """
    levels = topic.split("/")
    if len(levels) >= 5 and levels[-3] in ("src", "backlog") and levels[-1] in _OF_SOURCE:
        device, kind = levels[-4], _OF_SOURCE[levels[-1]]
        prefix, is_backlog = "/".join(levels[:-3]), levels[-3] == "backlog"
        return Address(prefix, device, kind, source=levels[-2], is_backlog=is_backlog)
    if len(levels) >= 4 and levels[-2:] == ["desired", "model"]:
        return Address("/".join(levels[:-2]), levels[-3], "desired_model")
    if len(levels) >= 4 and levels[-2] in _OF_NAME:
        kind = _OF_NAME[levels[-2]]
        return Address("/".join(levels[:-2]), levels[-3], kind, name=levels[-1])
    if len(levels) >= 3 and levels[-1] in _OF_DEVICE:
        return Address("/".join(levels[:-1]), levels[-2], _OF_DEVICE[levels[-1]])
    return None
