"""What can go wrong between a device and a label service, to order."""

from dataclasses import dataclass
from typing import Literal

from edgedet.sim.label_dataset import Answer, refusal

FaultKind = Literal[
    "duplicate", "hidden", "conflict", "too_large", "rate_limited", "server_error",
    "unauthorized", "lost_answer", "silent", "garbage",
]  # fmt: skip
RequestKind = Literal["upload", "annotate", "any"]


@dataclass(frozen=True, slots=True)
class LabelFault:
    """What goes wrong with the next `times` requests of the kind `on`; None: until `forgive`.

    - `duplicate`: kept, and answered as if it had been there before
    - `hidden`: an image that is there is not found (404), as shortly after an upload
    - `conflict`: 409, already annotated
    - `too_large`: 413
    - `rate_limited`: 429, with Retry-After if `retry_after_s` is given
    - `server_error`: the 5xx of `status`, with Retry-After if given
    - `unauthorized`: 401
    - `lost_answer`: done, and the connection closed before the answer
    - `silent`: no answer for `delay_s`, then the connection is closed; nothing was done
    - `garbage`: done, and answered with 200 and a page that is no JSON
    """

    kind: FaultKind
    on: RequestKind = "any"
    times: int | None = 1
    status: int = 503
    retry_after_s: float | None = None
    delay_s: float = 30.0

    @property
    def is_done(self) -> bool:
        """Whether the service does what is asked, whatever it answers."""
        return self.kind in {"duplicate", "lost_answer", "garbage"}

    def spoil(self, answer: Answer | None) -> Answer | None:
        """What is answered instead of `answer`; None: nothing."""
        after = {} if self.retry_after_s is None else {"Retry-After": f"{self.retry_after_s:g}"}
        if self.kind == "duplicate":
            if answer is None or "id" not in answer.body:
                return answer
            return Answer(200, {"duplicate": True, "id": answer.body["id"]})
        answers = {
            "hidden": refusal(404, "Image not found in dataset."),
            "conflict": refusal(409, "Image was already annotated."),
            "too_large": refusal(413, "Request Entity Too Large"),
            "rate_limited": refusal(429, "Too Many Requests", after),
            "server_error": refusal(self.status, "try again later", after),
            "unauthorized": refusal(401, "This API key does not exist (or has been revoked)."),
        }
        return answers.get(self.kind)


@dataclass(slots=True)
class _Injected:
    """A fault, and how often it will still happen; None: always."""

    fault: LabelFault
    left: int | None


class FaultQueue:
    """The faults to come. Not for several threads at once."""

    def __init__(self) -> None:
        self._injected: list[_Injected] = []

    def add(self, fault: LabelFault) -> None:
        """Let `fault` happen after those before it."""
        self._injected.append(_Injected(fault, fault.times))

    def clear(self) -> None:
        """Forget all."""
        self._injected.clear()

    def take(self, kind: str) -> LabelFault | None:
        """What happens to a request of `kind`."""
        for injected in self._injected:
            if injected.fault.on in {"any", kind} and injected.left != 0:
                injected.left = None if injected.left is None else injected.left - 1
                return injected.fault
        return None
