"""What the scripted MQTT peer can be told to do, and the rules that result."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from edgedet.config.section import Section

PeerDeed = Literal[
    "accept", "refuse", "off", "on", "drop", "take_over", "disconnect", "acks", "slow_acks",
    "no_acks", "only_311", "any_version", "max_packet", "reads", "slow_reads", "no_reads",
]  # fmt: skip

_KEYS: dict[str, frozenset[str]] = {
    "refuse": frozenset({"code", "times"}),
    "disconnect": frozenset({"code"}),
    "slow_acks": frozenset({"by_s"}),
    "only_311": frozenset({"how"}),
    "max_packet": frozenset({"bytes"}),
    "slow_reads": frozenset({"bytes_per_s"}),
}
SERVER_BUSY, TAKEN_OVER, UNSUPPORTED_VERSION = 0x89, 0x8E, 0x84


class PeerCommand(Section):
    """One deed, and how. Keys that a deed does not know are refused."""

    do: PeerDeed
    code: int = Field(default=SERVER_BUSY, ge=0x80, le=0xFF)
    """A reason code of MQTT 5, as in 0x87; clients of 3.1.1 get the nearest of theirs."""
    times: int | None = Field(default=None, ge=1)
    """So many greetings are refused; none: all, until `accept`."""
    by_s: float = Field(default=2, gt=0, le=600)
    how: Literal["refuse", "hang_up", "silence"] = "refuse"
    bytes: int | None = Field(default=None, ge=256, le=268_435_455)
    """`max_packet`: the limit told to clients of MQTT 5 from the next connection on; none: none."""
    bytes_per_s: float = Field(default=1000, gt=0)

    @model_validator(mode="after")
    def _knows_its_keys(self) -> "PeerCommand":
        known = _KEYS.get(self.do, frozenset())
        extra = sorted(self.model_fields_set - known - {"do"})
        if extra:
            expected = ", ".join(sorted(known)) or "nothing else"
            msg = f"'do: {self.do}' takes {expected}; unknown: {', '.join(extra)}"
            raise ValueError(msg)
        return self


@dataclass(slots=True)
class PeerRules:
    """How the peer behaves now."""

    refuse_code: int | None = None
    refuse_left: int | None = None
    ack_delay_s: float | None = 0.0
    """None: never."""
    old_only: str | None = None
    """How MQTT 5 is turned away; None: it is not."""
    max_packet_bytes: int | None = None
    bytes_per_s: float | None = None
    """None: as fast as they come."""

    def obey(self, command: PeerCommand) -> bool:
        """Change the rules; whether the command was about them."""
        match command.do:
            case "accept":
                self.refuse_code = None
            case "refuse":
                self.refuse_code, self.refuse_left = command.code, command.times
            case "acks" | "slow_acks":
                self.ack_delay_s = command.by_s if command.do == "slow_acks" else 0.0
            case "no_acks":
                self.ack_delay_s = None
            case "only_311" | "any_version":
                self.old_only = command.how if command.do == "only_311" else None
            case "max_packet":
                self.max_packet_bytes = command.bytes
            case "reads" | "slow_reads" | "no_reads":
                rates = {"reads": None, "slow_reads": command.bytes_per_s, "no_reads": 0.0}
                self.bytes_per_s = rates[command.do]
            case _:
                return False
        return True

    def refusal(self) -> int | None:
        """The code for this greeting, which counts; None: come in."""
        if self.refuse_code is None or self.refuse_left == 0:
            return None
        if self.refuse_left is not None:
            self.refuse_left -= 1
        return self.refuse_code
