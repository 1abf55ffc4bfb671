"""Settings `http`: where the page, the probes and the metrics are, and who may look."""

import ipaddress

from pydantic import Field, model_validator

from edgedet.config.addresses import check_host
from edgedet.config.section import ConfigPath, Section


class HttpSettings(Section):
    """Where to listen; `off` for nowhere. Beyond this machine a token is required."""

    listen: str = Field(
        default="off", pattern=r"^(off|[^\s:]*:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5})$"
    )
    token_file: ConfigPath | None = None
    """Its first line, of 16 characters or more, has to be given by whoever looks."""
    max_pictures_per_s: int = Field(default=40, ge=1, le=1000)
    """Pictures a second for the page, of all sources together, while somebody looks."""

    @model_validator(mode="before")
    @classmethod
    def _bare_off(cls, value: object) -> object:
        if value is False or value == "off":
            return {"listen": "off"}
        if isinstance(value, dict) and value.get("listen") is False:
            return {**value, "listen": "off"}
        return value

    @model_validator(mode="after")
    def _is_guarded(self) -> "HttpSettings":
        if self.is_off:
            return self
        if self.port > 65535:
            msg = f"the port is {self.port}; expected at most 65535"
            raise ValueError(msg)
        check_host(self.host)
        if not self.is_local and self.token_file is None:
            where = f"on '{self.host}'" if self.host else "on every address"
            msg = (
                f"listening {where} lets the network in; expected a token_file beside it, or"
                f" listen: 127.0.0.1:{self.port}"
            )
            raise ValueError(msg)
        return self

    @property
    def is_off(self) -> bool:
        """Whether nothing listens."""
        return self.listen == "off"

    @property
    def host(self) -> str:
        """The address, without brackets; empty for all of them."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port; 0: any that is free."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
