"""Answers to commands: what they say, and where they may go."""

import re

from edgedet.clock import Clock, utc_text
from edgedet.publish.broker import Incoming, Message
from edgedet.publish.commands.request import UnsoundError
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject, encode_json
from edgedet.publish.topics import Topics

REPLY = "edgedet.reply/1"

_EXPIRY_S = 300
_MAX_TOPIC = 256
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_NO_NAME = "unknown"


def name_of(topic: str) -> str:
    """The command that a topic names; `unknown` for what could be none.

    >>> name_of("edgedet/v1/lab/bench-01/cmd/set-threshold")
    'set-threshold'
    """
    name = topic.rpartition("/")[2]
    return name if _NAME.fullmatch(name) else _NO_NAME


class Replies:
    """Makes the answers of one device."""

    def __init__(self, origin: Origin, topics: Topics, clock: Clock) -> None:
        """Speak for `origin`."""
        self._origin = origin
        self._topics = topics
        self._clock = clock

    def check_response_topic(self, topic: str) -> None:
        """Refuse to be made to write where only the device speaks for itself.

        Raises:
            UnsoundError: `topic` is ours, or none to publish to.
        """
        if not self._may_answer_at(topic):
            prefix = self._topics.prefix
            msg = f"the response topic must be no wildcard and not below {prefix}/, but for reply/"
            raise UnsoundError(msg)

    def make(
        self,
        incoming: Incoming,
        command_id: str,
        status: str,
        *,
        reason: str = "",
        result: JsonObject | None = None,
    ) -> Message:
        """The answer to `incoming`, to its response topic if that may be, else to `reply/`."""
        name = name_of(incoming.topic)
        body: JsonObject = {
            "schema": REPLY,
            "id": command_id,
            "device": self._origin.device,
            "boot": self._origin.boot,
            "published": utc_text(self._clock.utc_now()),
            "command": name,
            "status": status,
        }
        body |= {"reason": reason} if reason else {}
        body |= {"result": result} if result else {}
        asked = incoming.response_topic
        return Message(
            topic=asked if asked and self._may_answer_at(asked) else self._topics.reply(name),
            payload=encode_json(body),
            schema=REPLY,
            id=command_id,
            qos=1,
            expiry_s=_EXPIRY_S,
            correlation=incoming.correlation,
        )

    def _may_answer_at(self, topic: str) -> bool:
        prefix = self._topics.prefix
        is_ours = topic == prefix or topic.startswith(f"{prefix}/")
        is_odd = topic.startswith("$") or any(sign in topic for sign in "+#\0")
        return (
            not is_odd
            and len(topic) <= _MAX_TOPIC
            and (not is_ours or self._topics.is_reply(topic))
        )
