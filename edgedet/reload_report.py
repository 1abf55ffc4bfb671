"""What became of a new configuration, as a value."""

from dataclasses import dataclass, field

from edgedet.publish.payloads import JsonObject


@dataclass(slots=True)
class ReloadReport:
    """What became of a new configuration. `reverted`: source and reason."""

    applied: list[str] = field(default_factory=list)
    reverted: list[tuple[str, str]] = field(default_factory=list)
    needs_restart: list[str] = field(default_factory=list)

    def to_json(self) -> JsonObject:
        """As the reply to a command."""
        return {
            "applied": list(self.applied),
            "reverted": [{"source": name, "reason": reason} for name, reason in self.reverted],
            "needs_restart": list(self.needs_restart),
        }

    def __str__(self) -> str:
        """As a line of the log."""
        parts = [
            f"applied: {', '.join(self.applied)}" if self.applied else "",
            "; ".join(f"'{name}' reverted: {reason}" for name, reason in self.reverted),
            f"needs a restart: {', '.join(self.needs_restart)}" if self.needs_restart else "",
        ]
        return "; ".join(part for part in parts if part) or "nothing has changed"
