"""What was heard of the device, in order of arrival; whoever waits for more is woken."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as the broker has it. `properties` are those of MQTT 5, by their names there."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int
    retain: bool
    at_s: float
    properties: Mapping[str, Any] = field(default_factory=dict)
    is_duplicate: bool = False
    is_will: bool = False

    @property
    def body(self) -> Any:  # noqa: ANN401 - what JSON holds
        """The payload as JSON; None if it is none."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return None


class Journal:
    """An append-only list of messages; for any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()  # guards _messages, wakes those who wait
        self._messages: list[Heard] = []

    def add(self, heard: Heard) -> None:
        """Note a message."""
        with self._condition:
            self._messages.append(heard)
            self._condition.notify_all()

    def since(self, number: int = 0) -> Sequence[Heard]:
        """The messages from `number` on."""
        with self._condition:
            return self._messages[number:]

    def __len__(self) -> int:
        with self._condition:
            return len(self._messages)

    def wait(self, number: int, timeout_s: float) -> None:
        """Wait until there are more than `number` messages."""
        with self._condition:
            self._condition.wait_for(lambda: len(self._messages) > number, timeout_s)
