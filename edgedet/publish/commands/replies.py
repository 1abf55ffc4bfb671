"""Answers to commands: what they say, and where they may go."""

import re
from collections.abc import Collection, Iterable

from edgedet.clock import Clock, utc_text
from edgedet.publish.address import parse_topic
from edgedet.publish.broker import Incoming, Message
from edgedet.publish.commands.request import UnsoundError
from edgedet.publish.identity import Origin
from edgedet.publish.payloads import JsonObject, encode_json
from edgedet.publish.topics import Topics

REPLY = "edgedet.reply/1"

_EXPIRY_S = 300
_MAX_TOPIC_BYTES = 256
_MAX_SLASHES = (
    7  # AWS IoT Core, "Message broker quotas"; mosquitto 200. For more they hang up on us
)
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

    def __init__(
        self, origin: Origin, topics: Topics, clock: Clock, closed: Collection[str] = ()
    ) -> None:
        """Speak for `origin`, and never below the topics in `closed`, whoever asks for it."""
        self._origin = origin
        self._topics = topics
        self._clock = clock
        self._closed = tuple(closed)

    def check_response_topic(self, topic: str, command_id: str) -> None:
        """Refuse to be made to write where others take what comes for a device's own word.

        Raises:
            UnsoundError: with `command_id`; `topic` is one of those, or none to publish to.
        """
        if not self._may_answer_at(topic):
            closed = "".join(f", nor below {each}/" for each in self._closed)
            msg = (
                f"the response topic must be text without wildcards, of at most {_MAX_TOPIC_BYTES}"
                f" bytes and {_MAX_SLASHES} slashes, and no topic of a device but"
                f" {self._topics.reply('…')}{closed}"
            )
            raise UnsoundError(msg, command_id)

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
        is_odd = topic.startswith("$") or any(sign in topic for sign in "+#")
        is_long = len(topic.encode()) > _MAX_TOPIC_BYTES or topic.count("/") > _MAX_SLASHES
        if is_odd or is_long or not topic.isprintable():
            return False
        return self._topics.is_reply(topic) or not (
            _is_at(topic, (self._topics.prefix, *self._closed))
            or (_is_at(topic, [self._topics.root]) and parse_topic(topic) is not None)
        )


def _is_at(topic: str, places: Iterable[str]) -> bool:
    """Whether `topic` is one of `places`, or below one."""
    return any(f"{topic}/".startswith(f"{place}/") for place in places)
