"""Settings `device`: who this device is, in every topic and message."""

import re
import socket

from pydantic import Field

from edgedet.config.section import Section, Slug


def host_slug() -> str:
    """The host's name as a slug, `edgedet` if nothing of it is left."""
    name = re.sub(r"[^a-z0-9_-]+", "-", socket.gethostname().split(".")[0].lower()).strip("-_")
    return name[:63] or "edgedet"


class DeviceSettings(Section):
    """Site and name of this device."""

    site: Slug = "default"
    name: Slug = Field(default_factory=host_slug)
