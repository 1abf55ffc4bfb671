"""Who publishes: the device, this run of the service, and the model, as they appear in messages."""

import hashlib
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

from edgedet.event import LastRun
from edgedet.frame import FrameInfo
from edgedet.model_identity import ModelIdentity

_MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from. `boot` is new at each start of the service.

    `model` is the one in use; what another one saw says so itself.
    """

    site: str
    device: str
    boot: str
    model: ModelIdentity
    last_run: LastRun | None = None

    def frame_id(self, frame: FrameInfo) -> str:
        """The same for the same frame, however often it is told: device/boot/source/frame."""
        return f"{self.device}/{self.boot}/{frame.source_id}/{frame.seq}"


def new_boot_id() -> str:
    """A fresh identity of one run of the service: eight hexadecimal digits."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Birth:
    """A run of the service, and how the one before it ended, where that is known."""

    boot: str = field(default_factory=new_boot_id)
    last_run: LastRun | None = None


def client_id(device: str, machine_id: str | None = None) -> str:
    """The MQTT client id: stable over restarts, different on machines that share a name by mistake.

    >>> client_id("gate", machine_id="7f0c")
    'edgedet-gate-4091da85'
    """
    machine_id = machine_id or read_machine_id()
    # hashed, because machine-id(5) asks not to show the id itself on a network
    digest = hashlib.sha256(b"edgedet:" + machine_id.encode()).hexdigest()
    return f"edgedet-{device}-{digest[:8]}"


def read_machine_id() -> str:
    """The machine id of systemd or D-Bus, else the host's name."""
    for path in _MACHINE_ID_FILES:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if text:
            return text
    return socket.gethostname()
