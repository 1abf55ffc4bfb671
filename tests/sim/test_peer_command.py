"""Orders to the peer, and the rules they make."""

import pytest
from pydantic import ValidationError

from edgedet.sim.peer_command import PeerCommand, PeerRules


def test_refusals_are_used_up() -> None:
    rules = PeerRules()
    rules.obey(PeerCommand(do="refuse", code=0x87, times=2))
    assert [rules.refusal() for _ in range(3)] == [0x87, 0x87, None]
    rules.obey(PeerCommand(do="refuse"))
    assert [rules.refusal() for _ in range(3)] == [0x89] * 3
    rules.obey(PeerCommand(do="accept"))
    assert rules.refusal() is None


def test_rates_and_delays_come_and_go() -> None:
    rules = PeerRules()
    for order, expected in (("no_reads", 0.0), ("slow_reads", 1000.0), ("reads", None)):
        assert rules.obey(PeerCommand.model_validate({"do": order}))
        assert rules.bytes_per_s == expected
    for order, delay_s in (("no_acks", None), ("slow_acks", 2.0), ("acks", 0.0)):
        rules.obey(PeerCommand.model_validate({"do": order}))
        assert rules.ack_delay_s == delay_s
    assert not rules.obey(PeerCommand(do="drop"))


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"do": "sing"}, "Input should be 'accept'"),
        ({"do": "drop", "code": 0x80}, "takes nothing else; unknown: code"),
        ({"do": "refuse", "code": 5}, "greater than or equal to 128"),
    ],
)
def test_what_makes_no_sense_is_refused(order: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PeerCommand.model_validate(order)
