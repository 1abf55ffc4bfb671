"""Faults of the label service: how often, and where."""

from edgedet.sim.label_dataset import Answer
from edgedet.sim.label_faults import FaultQueue, LabelFault


def test_faults_are_used_up_in_their_order() -> None:
    queue = FaultQueue()
    queue.add(LabelFault("rate_limited", on="upload", times=2))
    queue.add(LabelFault("server_error"))

    taken = [queue.take(kind) for kind in ("upload", "annotate", "upload", "upload")]

    kinds = [fault.kind if fault else None for fault in taken]
    assert kinds == ["rate_limited", "server_error", "rate_limited", None]


def test_without_a_number_it_goes_on_until_cleared() -> None:
    queue = FaultQueue()
    queue.add(LabelFault("silent", times=None))
    assert all(queue.take("look") for _ in range(5))
    queue.clear()
    assert queue.take("look") is None


def test_a_duplicate_needs_something_that_was_kept() -> None:
    fault = LabelFault("duplicate")
    kept, refused = Answer(200, {"success": True, "id": "a"}), Answer(401, {"error": {}})

    assert fault.spoil(kept) == Answer(200, {"duplicate": True, "id": "a"})
    assert fault.spoil(refused) is refused
    assert LabelFault("lost_answer").spoil(kept) is None
